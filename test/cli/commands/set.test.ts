import assert from "node:assert/strict";
import { lstat, readdir, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Sample, sampleFleet } from "../sample.ts";

const FILE = "secrets/users/ada.sops.yaml";

async function set(fleet: Sample, address: string, stdin: string | Uint8Array, ...flags: string[]): Promise<void> {
  const { code, stderr } = await fleet.secrets(["set", address, "-", ...flags], { stdin });
  assert.equal(code, 0, stderr);
}

async function get(fleet: Sample, address: string, env = {}): Promise<string> {
  return (await fleet.secrets(["get", address], { env })).stdout.toString("utf8");
}

test("one value changes, and in the diff only its line, the MAC and the date", async (t) => {
  const fleet = await sampleFleet(t);
  await set(fleet, `${FILE}#github/user`, "someone-else");
  assert.equal(await get(fleet, `${FILE}#github/user`), "someone-else");
  const changed = (await fleet.git("diff", "--unified=0")).split("\n").filter((line) => /^\+[^+]/.test(line));
  assert.deepEqual(
    changed.map((line) => /^\+\s+(\w+):/.exec(line)?.[1]),
    ["user", "lastmodified", "mac"],
  );
});

test("the same value again writes nothing", async (t) => {
  const fleet = await sampleFleet(t);
  await set(fleet, `${FILE}#github/user`, "ada-k");
  await set(fleet, "vars/web01/acme/dns-token", await get(fleet, "vars/web01/acme/dns-token"));
  await set(
    fleet,
    "vars/web01/wireguard/public-key",
    await fleet.read("vars/per-machine/web01/wireguard/public-key/value"),
  );
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("types, lists and maps", async (t) => {
  const fleet = await sampleFleet(t);
  const cases = [
    ["int", "9007199254740993", "9007199254740993"],
    ["float", "1.5", "1.5"],
    ["bool", "true\n", "true"],
    ["null", "", "null"],
    ["json", '["a", 1, {"b": null}]', undefined],
    ["str", "12", "12"],
  ] as const;
  for (const [type, text, shown] of cases) {
    await set(fleet, `${FILE}#new/${type}`, text, "--type", type);
    if (shown !== undefined) assert.equal(await get(fleet, `${FILE}#new/${type}`), shown, type);
  }
  assert.deepEqual(JSON.parse(await get(fleet, `${FILE}#new/json`)), ["a", 1, { b: null }]);
  assert.match(
    await get(fleet, FILE),
    /new:\n {4}int: 9007199254740993\n {4}float: 1\.5\n {4}bool: true\n {4}"null": null/,
  );
});

test("a value that is not of its type is refused without being shown", async (t) => {
  const fleet = await sampleFleet(t);
  for (const [type, text] of [
    ["int", "hunter2"],
    ["bool", "hunter2"],
    ["json", '{"hunter2"'],
    ["json", '1}, {"hunter2": 1'],
  ] as const) {
    const { code, stderr } = await fleet.secrets(["set", `${FILE}#x`, "-", "--type", type], { stdin: text });
    assert.notEqual(code, 0);
    assert.doesNotMatch(stderr, /hunter2/);
  }
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("one value never takes the place of a map or list by accident", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["set", `${FILE}#github`, "-"], { stdin: "x" });
  assert.equal(code, 3);
  assert.match(stderr, /E_SET_OVER_VALUES[\s\S]*secrets rm/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  await set(fleet, `${FILE}#github`, '{"token": "new"}', "--type", "json");
  assert.equal(await get(fleet, `${FILE}#github/token`), "new");
});

test("a binary document has no keys: naming one changes nothing", async (t) => {
  const fleet = await sampleFleet(t);
  const path = "vars/per-machine/web01/acme/dns-token/secret";
  await fleet.git("mv", path, "token.bin");
  await fleet.git("commit", "--quiet", "-m", "moved");
  for (const argv of [
    ["set", "token.bin#key", "-"],
    ["rm", "token.bin#key", "--yes"],
    ["get", "token.bin#key"],
  ]) {
    const { code, stderr } = await fleet.secrets(argv, { stdin: "x" });
    assert.equal(code, 3, stderr);
    assert.match(stderr, /has no keys/);
  }
  assert.equal(await fleet.git("status", "--porcelain"), "");
  await set(fleet, "token.bin", "whole");
  assert.equal(await get(fleet, "token.bin"), "whole");
});

test("a value never stands on the command line", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["set", `${FILE}#x`, "hunter2"]);
  assert.equal(code, 3);
  assert.match(stderr, /E_VALUE_IN_ARGUMENTS/);
  assert.doesNotMatch(stderr, /hunter2/);
  const asked = await fleet.secrets(["set", `${FILE}#x`]);
  assert.equal(asked.code, 3, "nobody can be asked here");
  assert.match(asked.stderr, /--from-file/);
});

test("a vars secret: any bytes, empty ones too, and from a file", async (t) => {
  const fleet = await sampleFleet(t);
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  await set(fleet, "vars/web01/acme/dns-token", bytes);
  assert.deepEqual([...(await fleet.secrets(["get", "vars/web01/acme/dns-token"])).stdout], [...bytes]);
  await set(fleet, "vars/web01/acme/dns-token", "");
  assert.equal(await get(fleet, "vars/web01/acme/dns-token"), "");
  await writeFile(join(fleet.root, "value.txt"), "from a file\n");
  const { code } = await fleet.secrets(["set", "vars/web01/acme/dns-token", "--from-file", "value.txt"]);
  assert.equal(code, 0);
  assert.equal(await get(fleet, "vars/web01/acme/dns-token"), "from a file\n");
  assert.equal((await stat(join(fleet.root, "vars/per-machine/web01/acme/dns-token/secret"))).mode & 0o777, 0o600);
});

test("a new vars secret gets the readers that those beside it have, linked as clan links them", async (t) => {
  const fleet = await sampleFleet(t);
  await set(fleet, "vars/web01/acme/keys/account.key", "value");
  const folder = join(fleet.root, "vars/per-machine/web01/acme/keys/account.key");
  assert.deepEqual((await readdir(folder)).sort(), ["groups", "machines", "secret"]);
  assert.equal(await readlink(join(folder, "machines/web01")), "../../../../../../../sops/machines/web01");
  assert.equal(await readlink(join(folder, "groups/admins")), "../../../../../../../sops/groups/admins");
  assert.ok((await lstat(join(folder, "machines/web01"))).isSymbolicLink());
  assert.equal(
    await get(fleet, "vars/web01/acme/keys/account.key", { SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") }),
    "value",
  );
  const { stdout } = await fleet.secrets(["ls", "account.key", "--json"]);
  assert.deepEqual(JSON.parse(stdout.toString()).secrets[0].readers, ["ada", "bruno", "web01"]);
});

test("a new shared secret wants to be told its machines; a person must be able to read it", async (t) => {
  const fleet = await sampleFleet(t);
  const unknown = await fleet.secrets(["set", "vars/shared/new/token", "-"], { stdin: "x" });
  assert.match(unknown.stderr, /E_READERS_UNKNOWN[\s\S]*--for machines\/NAME/);
  const machinesOnly = await fleet.secrets(["set", "vars/shared/new/token", "-", "--for", "machines/web01"], {
    stdin: "x",
  });
  assert.match(machinesOnly.stderr, /E_NO_PERSON/);
  const typo = await fleet.secrets(["set", "vars/shared/new/token", "-", "--for", "users/adda"], { stdin: "x" });
  assert.match(typo.stderr, /E_READER_UNKNOWN[\s\S]*ada, bruno, chiara/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  await set(fleet, "vars/shared/new/token", "x", "--for", "users/chiara", "--for", "machines/web01");
  assert.equal(await get(fleet, "vars/shared/new/token", { SOPS_AGE_KEY_FILE: fleet.keyOf("chiara") }), "x");
});

test("links that were left beside a secret that is gone are taken over", async (t) => {
  const fleet = await sampleFleet(t);
  const folder = join(fleet.root, "vars/per-machine/web01/acme/dns-token");
  await rm(join(folder, "secret"));
  await rm(join(folder, "groups/admins"));
  await symlink("wrong", join(folder, "groups/admins"));
  await set(fleet, "vars/web01/acme/dns-token", "again");
  assert.equal(await get(fleet, "vars/web01/acme/dns-token"), "again");
  assert.equal(await readlink(join(folder, "groups/admins")), "../../../../../../sops/groups/admins");
});

test("a new document is sealed for whom the rule names, and refused where no rule is", async (t) => {
  const fleet = await sampleFleet(t);
  await set(fleet, "secrets/services/grafana.json#admin/password", "x");
  assert.equal(
    await get(fleet, "secrets/services/grafana.json#admin/password", { SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") }),
    "x",
  );
  const { code, stderr } = await fleet.secrets(["set", "nowhere.yaml#x", "-"], { stdin: "x" });
  assert.equal(code, 2);
  assert.match(stderr, /E_NO_RULE/);
});

test("a fleet without per-machine keeps its layout, for new machines too", async (t) => {
  const fleet = await sampleFleet(t);
  await fleet.git("mv", "vars/per-machine/web01", "vars/web01");
  for (const machine of ["backup01", "db01", "studio"])
    await fleet.git("mv", `vars/per-machine/${machine}`, `vars/${machine}`);
  // Every link lies one folder higher now.
  for (const line of (await fleet.git("ls-files", "-s", "vars")).trim().split("\n")) {
    const path = line.split("\t")[1] ?? "";
    if (!line.startsWith("120000") || path.startsWith("vars/shared/")) continue;
    const target = await readlink(join(fleet.root, path));
    await rm(join(fleet.root, path));
    await symlink(target.replace("../", ""), join(fleet.root, path));
  }
  await fleet.git("add", "--all");
  const status = await fleet.secrets(["status", "--json"]);
  assert.deepEqual(JSON.parse(status.stdout.toString()).documents, { vars: 25, files: 5, public: 8 });
  assert.equal((await fleet.secrets(["check", "vars"])).code, 0);
  await set(fleet, "vars/web01/acme/extra", "x");
  await set(fleet, "vars/db01/new/token", "y");
  assert.equal(
    await readlink(join(fleet.root, "vars/db01/new/token/machines/db01")),
    "../../../../../sops/machines/db01",
  );
  assert.equal(await get(fleet, "vars/web01/acme/extra"), "x");
  assert.equal((await fleet.secrets(["check", "vars"])).code, 0);
});
