/**
 * What the Nix modules make of a fleet's tree, evaluated by the real Nix: the same as clan's own Nix makes of clan's own
 * tree, and what the real sops-install-secrets takes and places.
 */
import assert from "node:assert/strict";
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { workTree } from "../../src/fleet/ground.ts";
import { readServiceFiles } from "../../src/fleet/services/definition-files.ts";
import { planNixIndex } from "../../src/fleet/services/nix-index.ts";
import { run } from "../../src/repo/program.ts";
import { temporaryDirectory } from "../cli/harness.ts";
import { notServed } from "./consumer.ts";
import { install } from "./nix-consumer.ts";
import { nixEvaluator, nixOf, nixPath, PROJECT } from "./nix-evaluator.ts";

const GOLDEN = join(PROJECT, "fixtures/golden/clan");
/** As `clan-offline.json` of the golden tree has them. */
const DEFINITIONS: Readonly<Record<string, string>> = {
  dep: `machines: [m1]
dependencies: [shared-gen]
validation: 1
script: "true"
files:
  derived: { owner: nginx, mode: "0440", restartUnits: [nginx.service, php-fpm.service] }
  bin: { neededFor: activation }
  id.pub: { secret: false }
`,
  "shared-gen": `share: true
machines: [m1, m2]
script: "true"
files:
  token: {}
  ca.key: { deploy: false }
  ca.pub: { secret: false }
`,
  "user-password": `machines: [m1]
script: "true"
prompts: { pw: { type: hidden, persist: true } }
files:
  pw: { deploy: false }
  pw-hash: { neededFor: users }
`,
};
type Entry = Readonly<Record<string, unknown>> & { readonly sopsFile: string };
type Entries = Readonly<Record<string, Entry>>;

/** Clan's golden tree, with its definitions as files where asked for. */
async function goldenTree(t: TestContext, definitions: Readonly<Record<string, string>> = {}): Promise<string> {
  const directory = await temporaryDirectory(t);
  await run(["tar", "-xzf", join(GOLDEN, "sops-repo.tgz"), "-C", directory]);
  const root = join(directory, "repo");
  await define(root, definitions);
  return root;
}

async function define(root: string, definitions: Readonly<Record<string, string>>): Promise<void> {
  await run(["git", "init", "--quiet"], { cwd: root });
  for (const [name, text] of Object.entries(definitions)) await put(root, `vars/services/${name}.yaml`, text);
  await writeIndex(root);
}

async function writeIndex(root: string): Promise<void> {
  const ground = await workTree(root, "test");
  const { services, faults } = await readServiceFiles(ground);
  assert.deepEqual(faults, []);
  const change = await planNixIndex(ground, services);
  if (change?.kind === "write") await put(root, change.path, change.bytes);
}

async function put(root: string, path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

/** `entriesFor`, with the fleet as a path. */
function entriesFor(root: string, settings: object): string {
  return `(import ${nixPath(`${PROJECT}nix/lib/entries.nix`)} (${nixOf({ machine: "m1", platform: "nixos", ...settings })} // { fleet = ${nixPath(root)}; }))`;
}

/** Files are named as the store would, and stay where they are. */
function looked(root: string, settings: object): string {
  return entriesFor(root, settings).replace(/\}\)\)$/, "place = x: { inherit (x) name; path = toString x.path; }; }))");
}

const module = (name: string, rest: string) =>
  `(import ${nixPath(`${PROJECT}test/interop/modules.nix`)} { module = ${nixPath(`${PROJECT}nix/modules/${name}.nix`)}; ${rest} })`;

test("of the tree that clan wrote comes what clan's own module declares, on both platforms", async (t) => {
  const nix = await nixEvaluator(t);
  const root = await goldenTree(t, DEFINITIONS);
  const golden = JSON.parse(await readFile(join(GOLDEN, "sops-secrets.json"), "utf8"));
  for (const platform of ["nixos", "darwin"]) {
    for (const machine of ["m1", "m2"]) {
      const found = nix.value(`${looked(root, { machine, platform })}.secrets`);
      const paths = JSON.parse(JSON.stringify(found).replaceAll(`"${root}/`, '"'));
      assert.deepEqual(paths, golden[platform][machine], `${platform} ${machine}`);
    }
  }
  assert.deepEqual(nix.value(`${looked(root, { machine: "m9" })}.secrets`), {}, "a machine that nobody knows");
});

test("names are made fit for the store as nixpkgs makes them", async (t) => {
  const digits = "0123456789".repeat(30);
  const names = ["a/b_c", "..a/b", ".", "", "a b", "grüße", "~x", "a.b-c+d=e?f_g", ".hidden", "/x", digits];
  const fit = ["a-b_c", "a-b", "unknown", "unknown", "a-b", "gr-e", "-x", "a.b-c+d=e?f_g", "hidden", "-x"];
  const found = (await nixEvaluator(t)).value(
    `map (import ${nixPath(`${PROJECT}nix/lib/clan-names.nix`)}).storeName ${nixOf(names)}`,
  );
  assert.deepEqual(found, [...fit, digits.slice(-207)]);
});

test("without definitions everything that is linked is declared as clan's defaults have it; beside clan what is defined alone", async (t) => {
  const nix = await nixEvaluator(t);
  const bare = await goldenTree(t);
  const names = (root: string, settings: object) =>
    nix.value(`builtins.attrNames ${looked(root, settings)}.secrets`) as string[];
  const linked = [
    "vars/per-machine/m1/dep/bin",
    "vars/per-machine/m1/dep/derived",
    "vars/per-machine/m1/user-password/pw-hash",
    "vars/shared/shared-gen/token",
  ];
  assert.deepEqual(names(bare, {}), ["legacy", ...linked]);
  assert.deepEqual(names(bare, { declare: "defined" }), []);
  const { dep = "" } = DEFINITIONS;
  const root = await goldenTree(t, { dep });
  assert.deepEqual(names(root, { declare: "defined" }), ["vars/per-machine/m1/dep/derived"]);
  assert.deepEqual(names(root, { declare: "none" }), []);
});

test("links that are left over from another definition put nothing on a machine", async (t) => {
  const nix = await nixEvaluator(t);
  const root = await goldenTree(t, DEFINITIONS);
  const own = "vars/per-machine/m1";
  const token = "vars/shared/shared-gen/token";
  // Not in the definition any more, not to be deployed any more, and public by now.
  await cp(join(root, own, "dep/bin"), join(root, own, "dep/gone"), { recursive: true });
  await put(root, `${own}/user-password/pw/machines/m1`, "");
  await cp(join(root, own, "dep/bin"), join(root, own, "dep/id.pub"), { recursive: true });
  const found = () => nix.value(`builtins.attrNames ${looked(root, {})}.secrets`) as string[];
  const sound = ["legacy", `${own}/dep/derived`, `${own}/user-password/pw-hash`, token];
  assert.deepEqual(found(), sound);
  // Shared by now, with a copy of its own left in the old place; and the other way round without a definition.
  await cp(join(root, token), join(root, own, "shared-gen/token"), { recursive: true });
  await cp(join(root, own, "dep/derived"), join(root, "vars/shared/dep/derived"), { recursive: true });
  assert.deepEqual(found(), sound);
  await rm(join(root, "vars/services"), { recursive: true });
  const undefinedOnes = found();
  assert.ok(undefinedOnes.includes(`${own}/shared-gen/token`) && !undefinedOnes.includes(token));
  assert.ok(!undefinedOnes.includes("vars/shared/dep/derived"));
});

test("a secret without a definition comes to machines that are linked by a group as well", async (t) => {
  const nix = await nixEvaluator(t);
  const root = await goldenTree(t);
  const legacy = (machine: string) => nix.value(`${looked(root, { machine })}.secrets ? legacy`);
  assert.deepEqual([legacy("m1"), legacy("m2")], [true, false]);
  await put(root, "sops/groups/all/machines/m2", "");
  await put(root, "sops/secrets/legacy/groups/all", "");
  assert.deepEqual([legacy("m1"), legacy("m2"), legacy("m3")], [true, true, false]);
});

test("what sops-install-secrets makes of it on the machine is what clan stored", { skip: notServed }, async (t) => {
  const nix = await nixEvaluator(t);
  const root = await goldenTree(t, DEFINITIONS);
  const { secrets } = JSON.parse(await readFile(join(GOLDEN, "expect.json"), "utf8"));
  for (const machine of ["m1", "m2"]) {
    const entries = nix.value(`${entriesFor(root, { machine })}.secrets`) as Entries;
    const placed = await install(t, nix, entries, join(GOLDEN, `keys/${machine}.txt`));
    assert.deepEqual([...placed.keys()].sort(), Object.keys(entries).sort());
    for (const [name, { mode, bytes }] of placed) {
      const { plaintext_b64 } = secrets[name] ?? secrets[`sops/secrets/${name}`];
      assert.equal(bytes.toString("base64"), plaintext_b64, name);
      assert.equal(mode, name.endsWith("/derived") ? 0o440 : 0o400, name);
    }
  }
});

test("machines directly under vars/, names with slashes, and what only looks like a leaf", async (t) => {
  const nix = await nixEvaluator(t);
  const root = await goldenTree(t);
  await rename(join(root, "vars/per-machine/m1"), join(root, "vars/m1"));
  await rm(join(root, "vars/per-machine"), { recursive: true });
  await cp(join(root, "vars/m1/dep/bin"), join(root, "vars/m1/boot/keys/db/db key"), { recursive: true });
  await put(root, "vars/m1/hostile/linked/machines/m1", "");
  await symlink("/etc/hostname", join(root, "vars/m1/hostile/linked/secret"));
  await symlink("/", join(root, "vars/m1/hostile/root"));
  await symlink("../../dep", join(root, "vars/m1/hostile/again"));
  await put(root, "vars/m1/hostile/empty/machines/m1/x", "");
  await put(root, "vars/m1/hostile/flat/secret", "x");
  await put(root, "vars/m1/hostile/flat/machines", "not a directory");
  await put(root, "vars/m1/stray", "x");
  assert.deepEqual(nix.value(`builtins.attrNames ${looked(root, {})}.secrets`), [
    "legacy",
    "vars/m1/boot/keys/db/db key",
    "vars/m1/dep/bin",
    "vars/m1/dep/derived",
    "vars/m1/user-password/pw-hash",
    "vars/shared/shared-gen/token",
  ]);
  const { sopsFile } = nix.value(`${entriesFor(root, {})}.secrets."vars/m1/boot/keys/db/db key"`) as Entry;
  assert.match(sopsFile, /^\/nix\/store\/[a-z0-9]{32}-m1-boot_keys-db-db-key$/);
  assert.deepEqual(await readFile(nix.onDisk(sopsFile)), await readFile(join(root, "vars/m1/dep/bin/secret")));
});

test("an index that is behind its definitions is refused, by its name and with the way out", async (t) => {
  const nix = await nixEvaluator(t);
  const root = await goldenTree(t, DEFINITIONS);
  const refused = (path: string, content: string | undefined) => async () => {
    const before = await readFile(join(root, path), "utf8").catch(() => undefined);
    if (content === undefined) await rm(join(root, path));
    else await put(root, path, content);
    const said = nix.error(`${looked(root, {})}.secrets`);
    if (before === undefined) await rm(join(root, path));
    else await put(root, path, before);
    return said;
  };
  const older = /index\.json is older than (.*): run `secrets generate`/;
  const cases: [() => Promise<string>, RegExp][] = [
    [refused("vars/services/dep.yaml", `${DEFINITIONS["dep"]}# later\n`), older],
    [refused("vars/services/new.yml", "kind: random\n"), older],
    [refused("vars/services/dep.yaml", undefined), older],
    [refused("vars/services/index.json", undefined), older],
    [refused("vars/services/index.json", '{ "version": 2 }'), /of another release/],
  ];
  for (const [attempt, said] of cases) assert.match(await attempt(), said);
  assert.ok(nix.value(`${looked(root, {})}.secrets`), "and as it was it is taken again");
});

test("a configuration asks for paths and public values, and is told why there is none", async (t) => {
  const nix = await nixEvaluator(t);
  const root = await goldenTree(t, { ...DEFINITIONS, later: "machines: [m1]\nkind: random\n" });
  const fleet = `settings = { fleet = ${nixPath(root)}; machine = "m1"; };`;
  const vars = `${module("nixos", fleet)}.secrets.vars`;
  assert.deepEqual(
    nix.value(`with ${vars}; [ dep.derived.path dep.bin.path dep."id.pub".value shared-gen."ca.pub".secret ]`),
    [
      "/run/secrets/vars/per-machine/m1/dep/derived",
      "/var/lib/sops-nix/activation/per-machine/m1/dep/bin",
      "pub of machine\n",
      false,
    ],
  );
  const path = nix.value(`${vars}.dep."id.pub".path`) as string;
  assert.equal(await readFile(nix.onDisk(path), "utf8"), "pub of machine\n");
  assert.match(nix.error(`${vars}.dep.derived.value`), /vars\/m1\/dep\/derived is secret/);
  assert.match(nix.error(`${vars}.user-password.pw.path`), /is not deployed to m1: its definition has deploy: false/);
  assert.match(nix.error(`${vars}.later.random.path`), /later\/random has no value for m1: secrets generate m1/);
});

test("the module of a machine: what a configuration may say otherwise, the key's place, and clan beside it", async (t) => {
  const nix = await nixEvaluator(t);
  const root = await goldenTree(t, { dep: DEFINITIONS["dep"] ?? "" });
  const softly = (content: unknown) => ({ _type: "default", content });
  const host = `others.networking.hostName = "m1"; settings.fleet = ${nixPath(root)};`;
  const derived = (name: string, rest: string) =>
    nix.value(`removeAttrs ${module(name, rest)}.sops.secrets."vars/per-machine/m1/dep/derived" [ "sopsFile" ]`);
  const common = { format: "binary", owner: softly("nginx"), mode: softly("0440"), neededForUsers: softly(false) };
  const restartUnits = ["nginx.service", "php-fpm.service"];
  assert.deepEqual(derived("nixos", host), { ...common, group: softly("root"), restartUnits });
  assert.deepEqual(derived("darwin", host), { ...common, group: softly("wheel") });
  const keyFile = { _type: "if", condition: true, content: softly("/var/lib/sops-nix/key.txt") };
  assert.deepEqual(nix.value(`${module("nixos", host)}.sops.age.keyFile`), keyFile);
  const none = `${host} settings.declare = "none";`;
  assert.equal(nix.value(`${module("nixos", none)}.sops.age.keyFile.condition`), false);

  const clan = `others.clan.core.settings = { directory = ${nixPath(root)}; machine.name = "m1"; }; options.clan.core = { };`;
  assert.deepEqual(
    nix.value(`with ${module("nixos", clan)}; [ (builtins.attrNames sops.secrets) sops.age.keyFile.condition ]`),
    [["vars/per-machine/m1/dep/derived"], false],
  );
  assert.match(
    nix.error(`${module("nixos", 'others.networking.hostName = "m1";')}.sops.secrets`),
    /set secrets\.fleet/,
  );
});
