/**
 * What clan's own tests pin of values, one test each, with clan's numbers for its behaviours where it is right, and with
 * the opposite where it is wrong; whole commands, a flake of clan's shape, the real Nix and the real sops.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Sample, sampleFleet } from "../cli/sample.ts";

const FLAKE = fileURLToPath(new URL("../../fixtures/service-flake/flake.nix", import.meta.url));
const SOPS = join(resolve(process.env["SECRETS_PEERS"] ?? ".peers/bin"), "sops");
const ANSWERS = "vars/web01/password/password: first\nvars/db01/password/password: second\n";

interface Clan extends Sample {
  readonly ok: (argv: readonly string[], stdin?: string) => Promise<string>;
  readonly get: (address: string) => Promise<string>;
  readonly change: (from: string, to: string) => Promise<void>;
  readonly current: () => Promise<boolean>;
}

async function clan(t: TestContext, generated = true): Promise<Clan> {
  const fleet = await sampleFleet(t);
  const flake = join(fleet.root, "flake.nix");
  await copyFile(FLAKE, flake);
  await fleet.git("config", "user.name", "test");
  await fleet.git("config", "user.email", "test@example.org");
  await fleet.git("add", "--all");
  await fleet.git("commit", "--quiet", "-m", "Flake");
  const ok = async (argv: readonly string[], stdin?: string) => {
    const { code, stdout, stderr } = await fleet.secrets(argv, stdin === undefined ? {} : { stdin });
    assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
    return `${stdout}${stderr}`;
  };
  const change = async (from: string, to: string) => {
    const text = await readFile(flake, "utf8");
    assert.ok(text.includes(from), from);
    await writeFile(flake, text.replace(from, to));
  };
  const get = async (address: string) => (await fleet.secrets(["get", address])).stdout.toString("latin1");
  const current = async () => (await fleet.secrets(["generate", "--check"])).code === 0;
  if (generated) await ok(["generate", "--yes", "--commit", "--answers", "-"], ANSWERS);
  return { ...fleet, ok, get, change, current };
}

function opens({ root, keyOf }: Sample, person: string, path: string): boolean {
  const env = { ...process.env, SOPS_AGE_KEY_FILE: keyOf(person) };
  return spawnSync(SOPS, ["decrypt", join(root, path, "secret")], { env }).status === 0;
}

/** The key of a machine, as clan's deployment hands it over. */
async function machineOpens({ root, get }: Clan, machine: string, path: string): Promise<boolean> {
  const env = { ...process.env, SOPS_AGE_KEY: await get(`sops/secrets/${machine}-age.key`), SOPS_AGE_KEY_FILE: "" };
  return spawnSync(SOPS, ["decrypt", join(root, path, "secret")], { env }).status === 0;
}

const PASSWORD = "vars/per-machine/web01/password/password";

test("16: missing before, all there after, each in its store, and nothing more to do", async (t) => {
  const fleet = await clan(t, false);
  assert.equal(await fleet.current(), false);
  await fleet.ok(["generate", "--yes", "--answers", "-"], ANSWERS);
  assert.ok(await fleet.current());
  assert.equal(await fleet.read("vars/shared/ca/pub/value"), "pub\n");
  assert.match(await fleet.ok(["ls", "web01/password"]), /secret[\s\S]*secret/);
});

test("item 2: answers belong to a machine: two machines with one prompt hold two answers", async (t) => {
  const fleet = await clan(t);
  assert.equal(await fleet.get("vars/web01/password/password"), "first");
  assert.equal(await fleet.get("vars/db01/password/password"), "second");
});

test("18, 24: new values reach all that is made of them on every machine, and nothing else", async (t) => {
  const fleet = await clan(t);
  const told = await fleet.ok(["generate", "web01", "--regenerate", "--service", "ca", "--yes"]);
  assert.match(told, /generate 3 services/);
  const changed = (await fleet.git("diff", "--name-only"))
    .trim()
    .split("\n")
    .filter((path) => path.endsWith("/secret"));
  assert.deepEqual(changed, [
    "vars/per-machine/db01/tls/certs/tls.pem/secret",
    "vars/per-machine/web01/tls/certs/tls.pem/secret",
    "vars/shared/ca/key/secret",
  ]);
});

test("item 8: a service that is named and current does not run", async (t) => {
  const fleet = await clan(t);
  assert.match(await fleet.ok(["generate", "--service", "ca", "--yes"]), /nothing to do/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("20: whoever joins a default group reads what is there, and sops agrees; whoever leaves does not", async (t) => {
  const fleet = await clan(t);
  assert.equal(opens(fleet, "chiara", PASSWORD), false);
  await fleet.ok(["group", "add-member", "admins", "chiara", "--yes"]);
  assert.ok(opens(fleet, "chiara", PASSWORD));
  await fleet.ok(["group", "rm-member", "admins", "bruno", "--yes"]);
  assert.equal(opens(fleet, "bruno", PASSWORD), false);
  assert.ok(await fleet.current(), "another data key is no other value");
});

test("21: a machine reads what is deployed to it, its own and what it shares, and nothing of another", async (t) => {
  const fleet = await clan(t);
  assert.ok(await machineOpens(fleet, "web01", "vars/per-machine/web01/password/hash"));
  assert.equal(await machineOpens(fleet, "web01", PASSWORD), false, "deploy is off");
  assert.equal(await machineOpens(fleet, "db01", "vars/per-machine/web01/password/hash"), false);
  assert.equal(await machineOpens(fleet, "web01", "vars/shared/ca/key"), false);
});

test("23, 27: deploy of a shared secret switched on gives every machine the value that is there, and off takes it", async (t) => {
  const fleet = await clan(t);
  const value = await fleet.get("vars/shared/ca/key");
  await fleet.change("files.key = file { deploy = false; };", "files.key = file { };");
  assert.equal(await fleet.current(), false);
  await fleet.ok(["generate", "--yes", "--commit"]);
  assert.ok(await machineOpens(fleet, "db01", "vars/shared/ca/key"));
  assert.equal(await fleet.get("vars/shared/ca/key"), value);
  await fleet.change("files.key = file { };", "files.key = file { deploy = false; };");
  await fleet.ok(["generate", "--yes", "--commit"]);
  assert.equal(await machineOpens(fleet, "db01", "vars/shared/ca/key"), false);
  assert.ok(await fleet.current());
  assert.equal(await fleet.git("status", "--porcelain"), "", "all that was touched is committed");
});

test("25: a service that becomes shared is made anew in its new place, and its old copies go", async (t) => {
  const fleet = await clan(t);
  await fleet.change("tls = {", "tls = { share = true;");
  await fleet.ok(["generate", "--yes"]);
  assert.equal(await fleet.get("vars/shared/tls/certs/tls.pem"), "key\npub\n");
  assert.equal(
    (await fleet.git("ls-files", "--cached", "--others", "vars/per-machine/web01/tls"))
      .split("\n")
      .filter((path) => path.endsWith("secret")).length,
    1,
    "git still knows the old one",
  );
  await assert.rejects(fleet.read("vars/per-machine/web01/tls/certs/tls.pem/secret"));
});

test("26: owners of a shared service's files may differ between machines, and nothing else", async (t) => {
  const fleet = await clan(t);
  await fleet.change(
    "files.pub = file { secret = false; };",
    'files.pub = file { secret = false; owner = machine; mode = "0444"; };',
  );
  assert.ok(await fleet.current());
  await fleet.change("files.pub = file { secret = false;", 'files.pub = file { secret = machine == "web01";');
  const { code, stderr } = await fleet.secrets(["generate", "--check"]);
  assert.equal(code, 2);
  assert.match(stderr, /the shared service ca has other files on web01 than on db01/);
});

test("29: a machine may read a shared service that only others have", async (t) => {
  const fleet = await clan(t, false);
  await fleet.change("            ca = {", '            ${if machine == "db01" then "ca" else null} = {');
  await fleet.ok(["generate", "web01", "--service", "tls", "--yes"]);
  assert.equal(await fleet.get("vars/web01/tls/certs/tls.pem"), "key\npub\n");
});

test("32, item 19: a value is never printed, and a script sees no identity of whoever runs it", async (t) => {
  const fleet = await clan(t, false);
  await fleet.change(
    'script = "echo one > $out/one";',
    'script = "env > $out/one; cat /proc/self/environ >> $out/one";',
  );
  const told = await fleet.ok(["generate", "--yes", "--answers", "-"], ANSWERS.replace("first", "typed-canary"));
  assert.ok(!told.includes("typed-canary"));
  assert.doesNotMatch(await fleet.get("vars/web01/only/one"), /SOPS|AGE|HOME=\/(?!homeless)|USER/);
});

test("35: a validation that is set, changed or taken away makes it run once; item 9: what is set by hand stays valid", async (t) => {
  const fleet = await clan(t);
  await fleet.ok(["set", "vars/web01/password/hash", "-"], "by hand");
  assert.ok(await fleet.current());
  await fleet.change("length = 8;", "length = 9;");
  const told = await fleet.ok(["generate", "--dry-run"]);
  assert.match(
    told,
    /to be made \(2\)\n {2}vars\/db01\/password +its validation has changed\n {2}vars\/web01\/password/,
  );
  assert.doesNotMatch(told, /asked first/, "answers that are kept are not asked for again");
  await fleet.ok(["generate", "--yes"]);
  assert.equal(await fleet.get("vars/web01/password/password"), "first");
  assert.ok(await fleet.current());
  await fleet.change("validation = { length = 9; };", "");
  await fleet.ok(["generate", "--yes"]);
  assert.ok(await fleet.current());
});

test("36: a new prompt of a service that is there is the only one that is asked", async (t) => {
  const fleet = await clan(t);
  await fleet.change(
    "files.hash = file",
    "prompts.more = prompt { persist = true; };\n              files.more = file { };\n              files.hash = file",
  );
  const { stdout } = await fleet.secrets(["generate", "--dry-run", "--json"]);
  assert.deepEqual(
    JSON.parse(stdout.toString()).prompts.map(({ address }: { address: string }) => address),
    ["vars/db01/password/more", "vars/web01/password/more"],
  );
});

test("39: what cannot be made is told, and nothing has changed", async (t) => {
  const fleet = await clan(t, false);
  const text = await readFile(join(fleet.root, "flake.nix"), "utf8");
  const wrong: readonly (readonly [from: string, to: string, says: RegExp])[] = [
    ['dependencies = [ "ca" ];', 'dependencies = [ "cb" ];', /depends on cb, and there is no service/],
    ['dependencies = [ "ca" ];', 'dependencies = [ "tls" ];', /cycle: vars\/\w+\/tls → vars\/\w+\/tls/],
    [
      "share = true;\n",
      'share = true;\n              dependencies = [ "tls" ];\n',
      /is shared and depends on tls, which each machine has its own of/,
    ],
    ['"echo one > $out/one"', '"exit 3"', /the script of vars\/web01\/only failed \(exit code 3\)/],
    ['"echo one > $out/one"', '"true"', /it did not make one/],
    ['"echo one > $out/one"', '"echo one > $out/one; echo two > $out/two"', /it made two, which nothing declares/],
  ];
  for (const [from, to, says] of wrong) {
    assert.ok(text.includes(from), from);
    await writeFile(join(fleet.root, "flake.nix"), text.replace(from, to));
    const { code, stderr } = await fleet.secrets(["generate", "--yes", "--answers", "-"], { stdin: ANSWERS });
    assert.equal(code, 2, `${to}: ${stderr}`);
    assert.match(stderr, says);
    assert.equal(await fleet.git("status", "--porcelain"), " M flake.nix\n", to);
  }
});

test("items 3, 5, 7: an empty value is one, a declared secret that is not there blocks nothing, a public file that becomes secret leaves no copy", async (t) => {
  const fleet = await clan(t);
  await fleet.change('"echo one > $out/one"', '"true > $out/one"');
  await fleet.ok(["generate", "--yes", "--regenerate", "--service", "only"]);
  assert.equal(await fleet.get("vars/web01/only/one"), "");
  assert.ok(await fleet.current());
  await rm(join(fleet.root, "vars/per-machine/web01/only"), { recursive: true });
  assert.match(await fleet.ok(["sync", "--dry-run"]), /nothing to do|mailer/);
  await fleet.ok(["generate", "--yes"]);
  await fleet.change("files.pub = file { secret = false; };", "files.pub = file { };");
  await fleet.ok(["generate", "--yes"]);
  await assert.rejects(fleet.read("vars/shared/ca/pub/value"));
  assert.equal(await fleet.get("vars/shared/ca/pub"), "pub\n");
});
