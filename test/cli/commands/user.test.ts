/** `user add`, `add-key` and `rm-key` as a person types them. What they plan is tried in test/actions/principal. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const { recipient, identity } = makeAgeKey();
const clean = async (fleet: Sample) => assert.equal(await fleet.git("status", "--porcelain"), "");

async function refused(fleet: Sample, argv: readonly string[], code: string, status = 3): Promise<string> {
  const outcome = await fleet.secrets(["user", ...argv, "--yes"]);
  assert.equal(outcome.code, status, outcome.stderr);
  assert.ok(outcome.stderr.includes(code), outcome.stderr);
  await clean(fleet);
  return outcome.stderr;
}

test("without a terminal the question what somebody shall read names the flags that answer it", async (t) => {
  const fleet = await sampleFleet(t);
  const told = await refused(fleet, ["add", "eve", "--age-key", recipient], "E_NO_TERMINAL");
  for (const flag of ["--document", "--group", "--like", "--no-documents"]) assert.ok(told.includes(flag), flag);
  await refused(fleet, ["add", "eve", "--no-documents"], "E_USAGE");
  await refused(fleet, ["add", "eve", "--age-key", recipient, "--no-documents", "--group", "admins"], "E_USAGE");
  await refused(fleet, ["add", "eve", "--age-key", recipient, "--group", "nobody"], "E_NOT_FOUND", 2);
  await refused(fleet, ["add", "Eve!", "--age-key", recipient, "--no-documents"], "E_NAME");
  await refused(fleet, ["add", "ada", "--age-key", recipient, "--no-documents"], "E_EXISTS");
});

test("a key that was typed is approved by that, and read from whatever file holds it", async (t) => {
  const fleet = await sampleFleet(t);
  const ssh = makeSshKeyPair("eve@home").publicKey;
  await writeFile(join(dirname(fleet.root), "keys"), `# of eve\n\n${ssh}\r\n${recipient}\n`);
  const added = await fleet.secrets(["user", "add", "eve", "--ssh-key", "../keys", "--group", "admins", "--yes"]);
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stderr, /^done: add user eve$/m);
  assert.equal(JSON.parse(await fleet.read("sops/users/eve/key.json")).length, 2);
  const key = join(dirname(fleet.root), "eve.txt");
  await writeFile(key, identity, { mode: 0o600 });
  const read = await fleet.secrets(["get", "vars/web01/acme/dns-token"], { env: { SOPS_AGE_KEY_FILE: key } });
  assert.equal(read.code, 0, read.stderr);
  const trust = JSON.parse((await fleet.secrets(["trust", "ls", "--json"])).stdout.toString());
  assert.ok(trust.approved.some((one: { id: string; how: string }) => one.id === recipient && one.how === "stated"));
});

test("a private key given for a public one is refused, and not repeated", async (t) => {
  const fleet = await sampleFleet(t);
  const { privateKey } = makeSshKeyPair("x");
  await writeFile(join(dirname(fleet.root), "id"), privateKey);
  await writeFile(join(dirname(fleet.root), "age.txt"), `# created\n${identity}\n`);
  const ssh = await refused(fleet, ["add", "eve", "--ssh-key", "../id", "--no-documents"], "E_KEY_FILE");
  assert.ok(!ssh.includes(privateKey.split("\n")[1] ?? "-"));
  for (const argv of [
    ["add", "eve", "--age-key", identity, "--no-documents"],
    ["add", "eve", "--ssh-key", "../age.txt", "--no-documents"],
    ["add-key", "ada", identity],
  ]) {
    assert.ok(!(await refused(fleet, argv, "E_RECIPIENT", 2)).includes(identity));
  }
});

test("one more key and one fewer; the last one has another way to go", async (t) => {
  const fleet = await sampleFleet(t);
  const ada = /&ada (\S+)/.exec(await fleet.read(".sops.yaml"))?.[1] ?? "";
  const more = await fleet.secrets(["user", "add-key", "ada", recipient, "--yes"]);
  assert.equal(more.code, 0, more.stderr);
  await fleet.git("add", "--all");
  await fleet.git("commit", "--quiet", "-m", "More");
  const told = await fleet.secrets(["user", "rm-key", "ada", ada, "--yes", "--json"]);
  assert.equal(told.code, 0, told.stderr);
  const plan = JSON.parse(told.stdout.toString());
  assert.ok(plan.exposed.length > 0 && plan.documents.every(({ dataKey }: { dataKey: string }) => dataKey === "new"));
  await fleet.git("commit", "--quiet", "--all", "-m", "Fewer");
  assert.match(await refused(fleet, ["rm-key", "ada", recipient], "E_LAST_KEY", 2), /secrets rotate user ada --to KEY/);
});
