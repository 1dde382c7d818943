/** `generate` as a person types it, with services that need no script. Scripts and flakes run in test/interop. */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Sample, sampleFleet } from "../sample.ts";

const CA = "share: true\nmachines: all\nkind: x509-ca\n";
const TLS =
  "machines: [web01]\nkind: x509-cert\noptions: { ca: ca }\ndependencies: [ca]\nfiles: { tls.key: { owner: nginx }, tls.crt: {} }\n";
const TOKEN = "machines: [web01, db01]\nkind: random\nfiles: { token: {} }\n";
const LOGIN = "machines: [web01, db01]\nprompts: { secret: { type: hidden, persist: true }, hint: {} }\nkind: prompt\n";

async function fleetWith(t: TestContext, definitions: Readonly<Record<string, string>>): Promise<Sample> {
  const fleet = await sampleFleet(t);
  await fleet.git("config", "user.name", "test");
  await fleet.git("config", "user.email", "test@example.org");
  await define(fleet, definitions);
  return fleet;
}

async function define({ root, git }: Sample, definitions: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(root, "vars/services"), { recursive: true });
  for (const [name, text] of Object.entries(definitions))
    await writeFile(join(root, `vars/services/${name}.yaml`), text);
  await git("add", "--all");
  await git("commit", "--quiet", "-m", "Define");
}

async function generate(fleet: Sample, argv: readonly string[] = [], stdin?: string): Promise<string> {
  const run = { ...(stdin === undefined ? {} : { stdin }) };
  const { code, stderr } = await fleet.secrets(["generate", "--yes", ...argv], run);
  assert.equal(code, 0, stderr);
  return stderr;
}

async function get(fleet: Sample, address: string): Promise<string> {
  const { code, stdout, stderr } = await fleet.secrets(["get", address]);
  assert.equal(code, 0, stderr);
  return stdout.toString();
}

const isCurrent = async (fleet: Sample) => (await fleet.secrets(["generate", "--check"])).code === 0;

test("what is due is told with its reasons, made, committed, and then current; git is clean afterwards", async (t) => {
  const fleet = await fleetWith(t, { ca: CA, tls: TLS });
  const check = await fleet.secrets(["generate", "--check"]);
  assert.equal(check.code, 1);
  assert.match(
    check.stdout.toString(),
    /^to be made \(2\)\n {2}vars\/shared\/ca +nothing of it is there\n {2}vars\/web01\/tls +nothing of it is there$/m,
  );
  const told = await generate(fleet, ["--commit"]);
  assert.match(told, /^done: generate 2 services \(commit [0-9a-f]+\)$/m);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  const after = await fleet.secrets(["generate", "--check"]);
  assert.equal(after.code, 0);
  assert.match(after.stderr, /^current: no service has to run$/m);
  // The one fault that the sample has.
  assert.match(
    (await fleet.secrets(["check"])).stdout.toString(),
    /mailer\.env\n[\s\S]*^32 documents, 1 error, 0 warnings$/m,
  );
  assert.match(await get(fleet, "vars/web01/tls/tls.crt"), /^-----BEGIN CERTIFICATE-----/);
  assert.match(await generate(fleet), /nothing to do/);
});

test("undo takes back what was made, and what was there before is there again", async (t) => {
  const fleet = await fleetWith(t, { token: TOKEN });
  await generate(fleet, ["--commit"]);
  const first = await get(fleet, "vars/web01/token/token");
  await generate(fleet, ["--regenerate", "--service", "token"]);
  assert.notEqual(await get(fleet, "vars/web01/token/token"), first);
  assert.equal((await fleet.secrets(["undo", "--yes"])).code, 0);
  assert.equal(await get(fleet, "vars/web01/token/token"), first);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("one machine, one service: nothing else is touched", async (t) => {
  const fleet = await fleetWith(t, { token: TOKEN, ca: CA });
  await generate(fleet, ["web01", "--service", "token"]);
  const changed = (await fleet.git("status", "--porcelain", "--untracked-files=all")).trim().split("\n");
  assert.ok(
    changed.length > 0 &&
      changed.every((line) => /vars\/(per-machine\/web01\/token\/|services\/index\.json$)/.test(line)),
    changed.join("\n"),
  );
});

test("a dry run changes nothing, starts nothing, and asks nothing", async (t) => {
  const fleet = await fleetWith(t, { login: LOGIN });
  const { code, stdout } = await fleet.secrets(["generate", "--dry-run"]);
  assert.equal(code, 0);
  assert.match(stdout.toString(), /^asked first \(4\)\n {2}vars\/db01\/login\/secret +hidden$/m);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("answers come from a file, from stdin, one for each machine or one for all; without them the prompts are named", async (t) => {
  const fleet = await fleetWith(t, { login: LOGIN });
  const none = await fleet.secrets(["generate", "--yes"]);
  assert.equal(none.code, 3);
  assert.match(none.stderr, /E_NO_ANSWER/);
  for (const address of ["vars/db01/login/secret", "vars/web01/login/hint"]) assert.ok(none.stderr.includes(address));
  const answers = 'vars/*/login/hint: x\nvars/web01/login/secret: "0012"\nvars/db01/login/secret: |\n  two\n  lines\n';
  await generate(fleet, ["--answers", "-"], answers);
  assert.equal(await get(fleet, "vars/web01/login/secret"), "0012");
  assert.equal(await get(fleet, "vars/db01/login/secret"), "two\nlines\n");
  // What is not kept is no file.
  assert.equal((await fleet.secrets(["get", "vars/web01/login/hint"])).code, 2);
  assert.ok(await isCurrent(fleet));
});

test("a file of answers that cannot be used is told by its place, never by its content", async (t) => {
  const fleet = await fleetWith(t, { login: LOGIN });
  const cases: readonly (readonly [text: string, code: RegExp])[] = [
    ["vars/web01/login/secret: canary\nvars/*/login/hint: a\n", /E_NO_ANSWER[\s\S]*vars\/db01\/login\/secret/],
    [
      "vars/*/login/secret: canary\nvars/*/login/hint: a\nvars/web01/login/secrt: canary\n",
      /E_ANSWER[\s\S]*did you mean vars\/web01\/login\/secret/,
    ],
    ["- canary\n", /E_ANSWERS/],
    ["vars/web01/login/secret: [canary]\n", /vars\/web01\/login\/secret is no text \[E_ANSWERS\]/],
    ["a: 'canary\n", /E_ANSWERS/],
  ];
  for (const [text, code] of cases) {
    const {
      code: status,
      stderr,
      stdout,
    } = await fleet.secrets(["generate", "--yes", "--answers", "-"], { stdin: text });
    assert.equal(status, 3, text);
    assert.match(stderr, code);
    assert.ok(!`${stderr}${stdout}`.includes("canary"), stderr);
  }
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("an earlier answer stays, where nobody can be asked for another one", async (t) => {
  const only = "machines: [web01]\nprompts: { secret: { type: hidden, persist: true } }\nkind: prompt\n";
  const fleet = await fleetWith(t, { login: only });
  await generate(fleet, ["--answers", "-"], "vars/web01/login/secret: first\n");
  await generate(fleet, ["--regenerate"]);
  assert.equal(await get(fleet, "vars/web01/login/secret"), "first");
  await generate(fleet, ["--regenerate", "--answers", "-"], "vars/web01/login/secret: second\n");
  assert.equal(await get(fleet, "vars/web01/login/secret"), "second");
});

test("what a person supplies is told with the command that does it, and counts as missing until then", async (t) => {
  const fleet = await fleetWith(t, { dns: "machines: [web01]\nkind: external\nfiles: { api: {} }\n" });
  const told = await generate(fleet);
  assert.match(told, /secrets set vars\/web01\/dns\/api/);
  assert.equal(await isCurrent(fleet), false);
  const set = await fleet.secrets(["set", "vars/web01/dns/api", "-"], { stdin: "typed" });
  assert.equal(set.code, 0, set.stderr);
  assert.ok(await isCurrent(fleet));
});

test("definitions that are wrong are told at their place, all of them, and nothing runs", async (t) => {
  const fleet = await fleetWith(t, {
    token: TOKEN,
    bad: "machines: [web01]\nkind: randm\n",
    worse: "machines: [web09]\nkind: random\n",
  });
  const { code, stderr } = await fleet.secrets(["generate", "--yes"]);
  assert.equal(code, 2);
  assert.match(stderr, /vars\/services\/bad\.yaml:2:7/);
  assert.match(stderr, /did you mean random\?/);
  assert.match(stderr, /another definition is wrong as well: secrets service check/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("a cycle is told as its path", async (t) => {
  const copy = (of: string) =>
    `machines: [web01]\nkind: copy\noptions: { from: ${of}/x }\ndependencies: [${of}]\nfiles: { x: {} }\n`;
  const fleet = await fleetWith(t, { a: copy("b"), b: copy("a") });
  const { code, stderr } = await fleet.secrets(["generate", "--yes"]);
  assert.equal(code, 2);
  assert.match(stderr, /vars\/web01\/a → vars\/web01\/b → vars\/web01\/a/);
});

test("a reader that this clone has never approved is not sealed to by routine", async (t) => {
  const fleet = await fleetWith(t, { token: TOKEN });
  // The baseline of this clone.
  await fleet.secrets(["status"]);
  const recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
  const path = join(fleet.root, "sops/machines/web01/key.json");
  await writeFile(path, JSON.stringify([{ publickey: recipient, type: "age" }]));
  const { code, stderr } = await fleet.secrets(["generate", "--yes", "--service", "token"]);
  assert.equal(code, 3, stderr);
  assert.match(stderr, /E_NOT_APPROVED/);
  await fleet.git("checkout", "--", "sops");
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("whoever can open nothing can still make new values for others, and needs a key for what is read", async (t) => {
  const fleet = await fleetWith(t, { token: `${TOKEN}readers: [groups/admins]\n`, ca: CA, tls: TLS });
  const env = { SOPS_AGE_KEY_FILE: join(dirname(fleet.root), "none.txt") };
  const made = await fleet.secrets(["generate", "--yes", "--service", "token"], { env });
  assert.equal(made.code, 0, made.stderr);
  assert.equal((await get(fleet, "vars/web01/token/token")).length, 43);
  await generate(fleet, ["--service", "ca"]);
  await rm(join(fleet.root, "vars/per-machine/web01/tls"), { recursive: true });
  const locked = await fleet.secrets(["generate", "--yes", "--service", "tls"], { env });
  assert.equal(locked.code, 4, locked.stderr);
});

test("flags that contradict each other are refused", async (t) => {
  const fleet = await fleetWith(t, { token: TOKEN });
  for (const argv of [["--check", "--regenerate"], ["--check", "--yes"], ["--service", "tokn"], ["web9"]]) {
    assert.equal((await fleet.secrets(["generate", ...argv])).code, 3, argv.join(" "));
  }
});
