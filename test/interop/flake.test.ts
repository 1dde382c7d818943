/** clan's services out of a flake, evaluated and built by the real Nix. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { findProgram } from "../../src/repo/program.ts";
import { type Sample, sampleFleet } from "../cli/sample.ts";

const FLAKE = fileURLToPath(new URL("../../fixtures/service-flake/flake.nix", import.meta.url));
const ANSWERS = "vars/*/password/password: typed-canary\n";

interface Fleet extends Sample {
  /** How often nix was started so far. */
  readonly started: () => Promise<number>;
  readonly env: Readonly<Record<string, string>>;
}

async function fleetWithFlake(t: TestContext): Promise<Fleet> {
  const fleet = await sampleFleet(t);
  await copyFile(FLAKE, join(fleet.root, "flake.nix"));
  await fleet.git("config", "user.name", "test");
  await fleet.git("config", "user.email", "test@example.org");
  await fleet.git("add", "--all");
  await fleet.git("commit", "--quiet", "-m", "Flake");
  const bin = join(dirname(fleet.root), "bin");
  const count = join(dirname(fleet.root), "count");
  await mkdir(bin);
  await writeFile(count, "");
  for (const program of ["nix", "nix-store"]) {
    const real = findProgram(program) ?? assert.fail(`${program} is missing: npm run peers`);
    await writeFile(join(bin, program), `#!/bin/sh\necho x >> ${count}\nexec ${real} "$@"\n`);
    await chmod(join(bin, program), 0o755);
  }
  const env = { PATH: `${bin}:${process.env["PATH"]}` };
  const started = async () => (await readFile(count, "utf8")).length / 2;
  return { ...fleet, env, started };
}

async function services(fleet: Fleet, ...argv: string[]) {
  const { code, stdout, stderr } = await fleet.secrets(["service", "ls", "--json", ...argv], { env: fleet.env });
  assert.equal(code, 0, stderr);
  const { services: all, withoutFlake } = JSON.parse(stdout.toString());
  return { names: all.map(({ service }: { service: string }) => service), all, withoutFlake, stderr };
}

const NAMES = [
  "vars/db01/password",
  "vars/db01/tls",
  "vars/shared/ca",
  "vars/web01/only",
  "vars/web01/password",
  "vars/web01/tls",
];

test("all machines are evaluated in one go, once, and again when something that it depends on changes", async (t) => {
  const fleet = await fleetWithFlake(t);
  const first = await services(fleet);
  assert.deepEqual(first.names, NAMES);
  assert.match(first.stderr, /^nix: evaluating the services of this flake$/m);
  assert.deepEqual(first.all[2].machines, ["db01", "web01"]);
  assert.equal(await fleet.started(), 1);
  const second = await services(fleet);
  assert.doesNotMatch(second.stderr, /nix/);
  assert.equal(await fleet.started(), 1, "remembered");
  await writeFile(join(fleet.root, "vars/new"), "x");
  await fleet.git("add", "vars/new");
  assert.deepEqual((await services(fleet, "--no-nix")).names, NAMES, "values are no definitions");
  const text = await readFile(join(fleet.root, "flake.nix"), "utf8");
  await writeFile(join(fleet.root, "flake.nix"), text.replace("only =", "other ="));
  for (const argv of [
    ["service", "ls", "--no-nix"],
    ["generate", "--check", "--no-nix"],
  ]) {
    const { code, stderr } = await fleet.secrets(argv, { env: fleet.env });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /has not been evaluated as it is now, and --no-nix forbids it/);
  }
  assert.equal(await fleet.started(), 1);
  assert.ok((await services(fleet)).names.includes("vars/web01/other"));
  assert.equal(await fleet.started(), 2);
});

test("scripts are built in one go and run in the sandbox; clan's attributes say who reads what", async (t) => {
  const fleet = await fleetWithFlake(t);
  const run = (argv: readonly string[], stdin?: string) =>
    fleet.secrets(argv, { env: fleet.env, ...(stdin === undefined ? {} : { stdin }) });
  assert.equal((await run(["generate", "--check"])).code, 1);
  const made = await run(["generate", "--yes", "--answers", "-"], ANSWERS);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(await fleet.started(), 3, "one evaluation, and the scripts' derivations and builds in one call each");
  assert.ok(!made.stderr.includes("typed-canary"));
  const after = await run(["generate", "--check"]);
  assert.equal(after.code, 0, after.stdout.toString());
  const get = async (address: string) => (await run(["get", address])).stdout.toString();
  assert.equal(await get("vars/web01/tls/certs/tls.pem"), "key\npub\n");
  assert.equal(await get("vars/db01/password/password"), "typed-canary");
  const hash = createHash("sha256").update('{"length":8}').digest("hex");
  assert.equal(await fleet.read("vars/per-machine/db01/password/.validation-hash"), hash);
  const links = await fleet.git("ls-files", "--others", "--", "vars/per-machine/web01/password", "vars/shared/ca");
  assert.deepEqual(
    links
      .trim()
      .split("\n")
      .filter((path) => /\/(users|machines|groups)\//.test(path)),
    [
      "vars/per-machine/web01/password/hash/groups/admins",
      "vars/per-machine/web01/password/hash/machines/web01",
      "vars/per-machine/web01/password/password/groups/admins",
      "vars/shared/ca/key/groups/admins",
    ],
  );
  // Another machine in a shared service, and a dependency that is made anew.
  const again = await run(["generate", "--yes", "--regenerate", "--service", "ca"]);
  assert.match(again.stderr, /generate 3 services/);
});

test("an evaluation that fails is told by its cause, at its line", async (t) => {
  const fleet = await fleetWithFlake(t);
  const text = await readFile(join(fleet.root, "flake.nix"), "utf8");
  const broken: readonly (readonly [from: string, to: string, says: RegExp])[] = [
    ['secretStore = "sops"', 'secretStore = "age"', /keeps its secrets in age/],
    [
      "share = true;",
      "share = tru;",
      /undefined variable 'tru'[\s\S]*flake\.nix|flake\.nix[\s\S]*undefined variable 'tru'/,
    ],
    ['sops.defaultGroups = [ "admins" ];', 'sops.defaultGroups = throw "not today";', /not today/],
    ['type = "hidden"', 'type = "odd"', /prompt "password"/],
    [
      "files.pub = file { secret = false; };",
      'files.pub = file { secret = name == "x"; };',
      /undefined variable 'name'/,
    ],
    [
      "share = true;\n              files.key",
      'share = true; dependencies = if machine == "web01" then [ "tls" ] else [ ];\n              files.key',
      /ca has other dependencies on web01 than on db01/,
    ],
  ];
  for (const [from, to, says] of broken) {
    assert.ok(text.includes(from), from);
    await writeFile(join(fleet.root, "flake.nix"), text.replace(from, to));
    const { code, stderr } = await fleet.secrets(["generate", "--check"], { env: fleet.env });
    assert.equal(code, 2, `${to}: ${stderr}`);
    assert.match(stderr, says);
    assert.ok(stderr.split("\n").length < 20, stderr);
  }
});

test("without nix, with a flake of something else, and with a file that git does not know", async (t) => {
  const fleet = await fleetWithFlake(t);
  const bare = join(dirname(fleet.root), "bare");
  await mkdir(bare);
  const git = findProgram("git") ?? assert.fail("git");
  await writeFile(join(bare, "git"), `#!/bin/sh\nexec ${git} "$@"\n`, { mode: 0o755 });
  const noNix = await fleet.secrets(["service", "ls", "--json"], { env: { PATH: `${bare}:/bin-without-nix` } });
  assert.equal(noNix.code, 0, noNix.stderr);
  assert.match(JSON.parse(noNix.stdout.toString()).withoutFlake, /the program nix is not here/);
  const gate = await fleet.secrets(["generate", "--check"], { env: { PATH: `${bare}:/bin-without-nix` } });
  assert.equal(gate.code, 2, "what is not known is not current");
  assert.match(gate.stderr, /E_NO_NIX/);
  await writeFile(join(fleet.root, "flake.nix"), "{ outputs = { self }: { lib = { }; }; }\n");
  assert.deepEqual((await services(fleet)).names, []);
  assert.equal((await services(fleet)).withoutFlake, undefined);
  await writeFile(join(fleet.root, "flake.nix"), "{ outputs = { self }: import ./more.nix; }\n");
  await writeFile(join(fleet.root, "more.nix"), "{ }\n");
  const unknown = await fleet.secrets(["service", "ls"], { env: fleet.env });
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /git add/);
});
