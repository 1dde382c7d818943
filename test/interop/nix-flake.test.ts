/** The flake of this repository, by the real Nix, with as little of nixpkgs as it takes to look at what it gives. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, glob, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryDirectory } from "../cli/harness.ts";
import { type NixEvaluator, nixEvaluator, nixOf, nixPath, PROJECT } from "./nix-evaluator.ts";

const SYSTEMS = ["aarch64-darwin", "aarch64-linux", "x86_64-darwin", "x86_64-linux"];
/** What the package asks of nixpkgs; each gives back what it was asked for. */
const NIXPKGS = `{
  outputs = _: let
    lib = {
      importJSON = file: builtins.fromJSON (builtins.readFile file);
      inherit (builtins) mapAttrs;
      filterAttrs = keep: set: builtins.listToAttrs (builtins.concatMap (name:
        if keep name set.\${name} then [ { inherit name; value = set.\${name}; } ] else [ ]) (builtins.attrNames set));
      last = list: builtins.elemAt list (builtins.length list - 1);
      splitString = by: text: builtins.filter builtins.isString (builtins.split by text);
      optional = condition: value: if condition then [ value ] else [ ];
      escapeShellArg = text: "'\${text}'";
      getExe = text: text;
      makeBinPath = paths: builtins.concatStringsSep ":" paths;
      strings.sanitizeDerivationName = text: text;
      fetchers.proxyImpureEnvVars = [ "https_proxy" ];
      fileset = { toSource = { root, fileset }: fileset; unions = map (path: assert builtins.pathExists path; baseNameOf path); };
      licenses.mit = "mit";
      platforms.unix = [ ];
    };
    given = system: {
      inherit lib;
      buildNpmPackage = asked: asked;
      importNpmLock = { __functor = _: asked: asked; npmConfigHook = "hook"; };
      runCommand = name: asked: script: asked // { inherit name script; };
      stdenv.hostPlatform.isLinux = builtins.match ".*linux" system != null;
      cacert = "cacert"; nodejs_24 = "node"; makeBinaryWrapper = "wrapper"; git = "git"; mkpasswd = "mkpasswd";
      bubblewrap = "bwrap"; sops = "sops"; age = "age"; ssh-to-age = "ssh-to-age";
      mkShell = asked: asked;
      callPackage = file: _: let make = import file; in make (builtins.intersectAttrs (builtins.functionArgs make) (given system));
    };
  in {
    legacyPackages = builtins.listToAttrs (map (name: { inherit name; value = given name; }) ${nixOf(SYSTEMS)});
  };
}
`;

/** What a flake of this repository would see, without history and dependencies. */
async function flakeOf(
  t: TestContext,
): Promise<{ readonly nix: NixEvaluator; readonly ask: (what: string, apply: string) => unknown }> {
  const directory = await temporaryDirectory(t);
  const root = join(directory, "secrets");
  const nixpkgs = join(directory, "nixpkgs");
  for (const name of ["flake.nix", "nix", "package.json", "package-lock.json", "tsconfig.json", "README.md"]) {
    await cp(join(PROJECT, name), join(root, name), { recursive: true });
  }
  for (const name of ["CHANGELOG.md", "SECURITY.md", "LICENSE"]) await cp(join(PROJECT, name), join(root, name));
  for (const name of ["src", "scripts", "schemas"]) await mkdir(join(root, name));
  await mkdir(nixpkgs);
  await writeFile(join(nixpkgs, "flake.nix"), NIXPKGS);
  const nix = await nixEvaluator(t);
  const ask = (what: string, apply: string) =>
    nix.flake(
      "eval",
      "--json",
      `path:${root}#${what}`,
      "--override-input",
      "nixpkgs",
      `path:${nixpkgs}`,
      "--apply",
      apply,
    );
  return { nix, ask };
}

test("every file is Nix", async () => {
  const files = ["flake.nix"];
  for await (const file of glob("nix/**/*.nix", { cwd: PROJECT })) files.push(file);
  assert.ok(files.length > 8, files.join());
  for (const file of files) {
    const { status, stderr } = spawnSync("nix-instantiate", ["--parse", "--store", "dummy://", join(PROJECT, file)], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: "/nonexistent" },
    });
    assert.equal(status, 0, stderr);
  }
});

test("the flake gives modules as flake-parts names them and as all others do, a package, an overlay and a shell", async (t) => {
  const { ask } = await flakeOf(t);
  const classes = ask("modules", "builtins.mapAttrs (_: builtins.mapAttrs (_: baseNameOf))");
  assert.deepEqual(classes, {
    nixos: { secrets: "nixos.nix" },
    darwin: { secrets: "darwin.nix" },
    homeManager: { secrets: "home-manager.nix" },
  });
  for (const [name, file] of [
    ["nixosModules", "nixos"],
    ["darwinModules", "darwin"],
    ["homeModules", "home-manager"],
  ] as const) {
    assert.deepEqual(ask(name, "builtins.mapAttrs (_: baseNameOf)"), {
      default: `${file}.nix`,
      secrets: `${file}.nix`,
    });
  }
  assert.deepEqual(ask("packages", "builtins.attrNames"), SYSTEMS);
  assert.deepEqual(
    ask("devShells", "builtins.mapAttrs (_: shells: builtins.length shells.default.packages)"),
    Object.fromEntries(SYSTEMS.map((system) => [system, 4])),
  );
  assert.equal(
    ask("overlays.default", "overlay: (overlay { callPackage = file: _: baseNameOf file; } { }).secrets"),
    "package.nix",
  );
});

test("the package: every tarball of the lock by its own hash, and everything that the build reads", async (t) => {
  const { ask } = await flakeOf(t);
  const { npmDeps, pname, version, src } = ask(
    "packages.x86_64-linux.default",
    "it: { inherit (it) pname version src npmDeps; }",
  ) as {
    readonly [name: string]: unknown;
    readonly npmDeps: {
      readonly packageSourceOverrides: Record<string, { name: string; outputHash: string; script: string }>;
    };
    readonly src: string[];
  };
  const project = JSON.parse(await readFile(join(PROJECT, "package.json"), "utf8"));
  const { packages } = JSON.parse(await readFile(join(PROJECT, "package-lock.json"), "utf8"));
  assert.deepEqual([pname, version], [project.name, project.version]);
  const { "": _, ...locked } = packages as Record<string, { integrity: string; version: string }>;
  const made = npmDeps.packageSourceOverrides;
  assert.deepEqual(Object.keys(made).sort(), Object.keys(locked).sort());
  for (const [path, { outputHash, name, script }] of Object.entries(made)) {
    assert.equal(outputHash, locked[path]?.integrity, path);
    assert.ok(name.endsWith(`-${locked[path]?.version}.tgz`), name);
    assert.ok(script.includes(`'${path.replace(/^.*node_modules\//, "")}@${locked[path]?.version}'`), script);
  }
  for (const needed of [
    ...project.files.filter((file: string) => file !== "dist"),
    "src",
    "scripts",
    "package.json",
    "package-lock.json",
  ])
    assert.ok(src.includes(needed), needed);
});

test("in a flake of flake-parts modules, every machine has that flake as its fleet", async (t) => {
  const nix = await nixEvaluator(t);
  const made = nix.value(
    `builtins.mapAttrs (_: { secrets, ... }: [ (map baseNameOf secrets.imports) secrets.secrets.fleet ])
      (import ${nixPath(`${PROJECT}nix/flake-module.nix`)} { self.outPath = "/nix/store/x-source"; lib.mkDefault = x: x; }).flake.modules`,
  );
  assert.deepEqual(made, {
    nixos: [["nixos.nix"], "/nix/store/x-source"],
    darwin: [["darwin.nix"], "/nix/store/x-source"],
    homeManager: [["home-manager.nix"], "/nix/store/x-source"],
  });
});
