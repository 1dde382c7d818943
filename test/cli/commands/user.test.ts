/** `user add`, `add-key` and `rm-key` as a person types them. What they plan is tried in test/actions/principal. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { sshToAgeRecipient } from "../../../src/age/ssh.ts";
import { fingerprintOf } from "../../../src/age/ssh-fingerprint.ts";
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
  assert.match(ssh, /hint: give its public half, which is printed by ssh-keygen -y -f \.\.\/id/);
  const age = await refused(fleet, ["add", "eve", "--ssh-key", "../age.txt", "--no-documents"], "E_KEY_FILE");
  assert.match(age, /age-keygen -y \.\.\/age\.txt/);
  for (const argv of [
    ["add", "eve", "--age-key", identity, "--no-documents"],
    ["add-key", "ada", identity],
    ["add-key", "ada", "--age-key", identity],
    ["rm-key", "ada", identity],
  ]) {
    const told = await refused(fleet, argv, "E_RECIPIENT");
    assert.match(told, /history of your shell.*\n.*secrets key show/);
    assert.ok(!told.includes(identity) && !age.includes(identity));
  }
  for (const path of ["../age.txt", "./id.pub", "~/.ssh/id_ed25519.pub", "id_ed25519.pub"]) {
    assert.match(await refused(fleet, ["add-key", "ada", path], "E_RECIPIENT"), /path of a file.*\n.*--ssh-key FILE/s);
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

const GITHUB = [
  makeSshKeyPair("").publicKey.trim(),
  "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t",
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=",
  makeSshKeyPair("").publicKey.trim(),
];

interface PlanData {
  readonly warnings: readonly string[];
  readonly policy: readonly { readonly path: string; readonly reason: string }[];
}

test("the keys that GitHub knows: the plan shows by fingerprint which get in, and why others do not", async (t) => {
  const fleet = await sampleFleet(t);
  const [first = "", , , last = ""] = GITHUB;
  const json = JSON.stringify(GITHUB.map((key, id) => ({ id, key })));
  for (const [stdin, place] of [
    [`${GITHUB.join("\n")}\n`, "line"],
    [json, "key"],
  ] as const) {
    const argv = ["user", "add", "eve", "--github-keys", "-", "--group", "admins", "--dry-run"];
    const shown = await fleet.secrets(argv, { stdin });
    assert.equal(shown.code, 0, shown.stderr);
    const plan: PlanData = JSON.parse((await fleet.secrets([...argv, "--json"], { stdin })).stdout.toString());
    assert.deepEqual(plan.warnings, [
      `stdin: ${place} 2 is a key on a security token, which age cannot use; it is left out`,
      `stdin: ${place} 3 is an ECDSA key, which age cannot use; it is left out`,
    ]);
    for (const told of [
      ...plan.warnings,
      `user eve: ssh-ed25519 ${fingerprintOf(first)}, ssh-ed25519 ${fingerprintOf(last)}`,
    ]) {
      assert.ok(shown.stdout.toString().includes(told), told);
    }
  }
  const added = await fleet.secrets(
    ["user", "add", "eve", "--github-keys", "-", "--github-keys", "../more", "--as-age", "--group", "admins", "--yes"],
    { stdin: json },
  );
  assert.match(added.stderr, /E_KEY_FILE/);
  await clean(fleet);
  const derived = await fleet.secrets(
    ["user", "add", "eve", "--github-keys", "-", "--as-age", "--no-documents", "-y"],
    {
      stdin: json,
    },
  );
  assert.equal(derived.code, 0, derived.stderr);
  const keys: { publickey: string }[] = JSON.parse(await fleet.read("sops/users/eve/key.json"));
  assert.deepEqual(
    keys.map(({ publickey }) => publickey),
    [first, last].map(sshToAgeRecipient).sort(),
  );
});

test("what is no list of keys is refused with the way out, and so is a list without a key that can be used", async (t) => {
  const fleet = await sampleFleet(t);
  const given = async (stdin: string, ...argv: string[]) => {
    const outcome = await fleet.secrets(["user", "add", "eve", ...argv, "--no-documents", "--yes"], { stdin });
    assert.equal(outcome.code, 3, outcome.stderr);
    await clean(fleet);
    return outcome.stderr;
  };
  assert.match(await given(GITHUB.slice(1, 3).join("\n"), "--github-keys", "-"), /line 2 is an ECDSA.*\n.*age plugin/);
  assert.match(await given("", "--github-keys", "-"), /E_KEY_FILE.*\n.*stdin\n.*no such account/);
  assert.match(await given("Not Found", "--github-keys", "-"), /GitHub knows no account/);
  assert.match(await given("", "--github-keys", "eve"), /E_KEY_FILE(.*\n)*.*curl -sf https:\/\/github\.com\/eve\.keys/);
  assert.match(await given("", "--github-keys", "https://github.com/Eve"), /E_USAGE.*\n.*github\.com\/Eve\.keys/);
  assert.match(await given(GITHUB.join("\n"), "--github-keys", "-", "--ssh-key", "-"), /E_USAGE.*stdin|stdin.*E_USAGE/);
});

test("several keys more in one plan; those that somebody has are told", async (t) => {
  const fleet = await sampleFleet(t);
  const [first = "", , , last = ""] = GITHUB;
  const more = ["--age-key", recipient, "--github-keys", "-"];
  const added = await fleet.secrets(["user", "add-key", "ada", ...more, "--yes"], { stdin: GITHUB.join("\n") });
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stderr, /^done: add 3 keys of ada$/m);
  const texts = (await fleet.read(".sops.yaml")).match(/&ada\S* .*/g);
  assert.deepEqual(texts?.slice(1), [`&ada_key2 ${recipient}`, `&ada_key3 ${first}`, `&ada_key4 ${last}`]);
  await fleet.git("commit", "--quiet", "--all", "-m", "More");
  await refused(fleet, ["add-key", "ada", recipient, "--age-key", recipient], "E_EXISTS");
  await refused(fleet, ["add-key", "ada"], "E_USAGE");
  const fresh = makeAgeKey().recipient;
  const two = await fleet.secrets(["user", "add-key", "ada", recipient, "--age-key", fresh, "-n"]);
  assert.match(two.stdout.toString(), /^warning: ada has age1\S+ already$/m);
});
