/** What every change of access has in common: the plan, the question, the file, the commit, the approval. */
import assert from "node:assert/strict";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const MAILER = "secrets/services/mailer.env";

const clean = async (fleet: Sample) => assert.equal(await fleet.git("status", "--porcelain"), "");

async function ok(fleet: Sample, argv: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await fleet.secrets(argv, { env });
  assert.equal(code, 0, stderr);
  return stdout.toString();
}

/** Slips a key into the rule of the mailer, as a pull request would. */
async function slipIn(fleet: Sample): Promise<string> {
  const { recipient } = makeAgeKey();
  const path = join(fleet.root, ".sops.yaml");
  const rules = await fleet.read(".sops.yaml");
  const named = rules.replace("  # machines", `  - &eve ${recipient}\n  # machines`);
  await writeFile(path, named.replace("          - *web01\n", "          - *web01\n          - *eve\n"));
  await fleet.git("commit", "--quiet", "--all", "-m", "Tidy up\u001b[31m");
  return recipient;
}

test("a dry run shows the plan on stdout, and changes nothing", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stdout, stderr } = await fleet.secrets(["sync", "--dry-run"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout.toString(), /^files \(sops-nix\)\n {2}seal {3}secrets\/services\/mailer\.env \+db01\n$/);
  assert.match(stderr, /nothing was changed \(--dry-run\)/);
  await clean(fleet);
});

test("without a terminal nobody is asked: the error names the flag, and nothing is changed", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["sync"]);
  assert.equal(code, 3);
  assert.match(stderr, /E_NO_TERMINAL/);
  assert.match(stderr, /--yes/);
  await clean(fleet);
});

test("a plan in a file is applied later, once, and not after the repository moved", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, ["sync", "--plan-out", "../plan.json"]);
  await clean(fleet);
  const again = await fleet.secrets(["sync", "--plan-out", "../plan.json"]);
  assert.equal(again.code, 3);
  assert.match(again.stderr, /E_EXISTS/);
  await ok(fleet, ["apply", "../plan.json", "--yes"]);
  assert.match(await ok(fleet, ["check"]), /0 errors/);
  const late = await fleet.secrets(["apply", "../plan.json", "--yes"]);
  assert.equal(late.code, 5);
  assert.match(late.stderr, /E_PLAN_OUTDATED/);
});

test("a document that was added after the plan was made outdates it: it may need the change as well", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, ["revoke", "db01", MAILER, "--plan-out", "../plan.json"]);
  const copy = await fleet.read("secrets/services/monitoring.json");
  await writeFile(join(fleet.root, "secrets/services/more.json"), copy);
  assert.equal((await fleet.secrets(["apply", "../plan.json", "--yes"])).code, 5);
});

test("a plan file that is none, or reaches for other files, is refused", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, ["sync", "--plan-out", "../plan.json"]);
  const path = join(fleet.root, "../plan.json");
  const plan = JSON.parse(await readFile(path, "utf8"));
  const refused = async (content: unknown) => {
    await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
    const { code, stderr } = await fleet.secrets(["apply", "../plan.json", "--yes"]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /E_PLAN|E_PATH/);
    await clean(fleet);
  };
  await refused("{");
  await refused({ ...plan, format: "secrets plan 2" });
  await refused({ ...plan, changes: [{ ...plan.changes[0], bytes: 1 }] });
  const script = { expect: "absent", reason: "", bytes: "ZWNobyBoYWNrZWQ=" };
  await refused({ ...plan, changes: [...plan.changes, { ...script, path: "deploy.sh" }] });
  await refused({ ...plan, changes: [...plan.changes, { ...script, path: "../outside" }] });
  await refused({ ...plan, changes: [...plan.changes, { ...script, path: ".git/hooks/pre-commit" }] });
});

test("--commit commits exactly the touched files, and leaves what else is staged staged", async (t) => {
  const fleet = await sampleFleet(t);
  await fleet.git("config", "user.name", "test");
  await fleet.git("config", "user.email", "test@example.org");
  await writeFile(join(fleet.root, "notes.txt"), "mine");
  await fleet.git("add", "notes.txt");
  await ok(fleet, ["sync", "--yes", "--commit", "-m", "Let db01 read\n\nIt sends mail, too."]);
  const shown = await fleet.git("show", "--name-only", "--format=%B", "HEAD");
  assert.deepEqual(shown.split("\n").filter(Boolean), ["Let db01 read", "It sends mail, too.", MAILER]);
  assert.equal(await fleet.git("status", "--porcelain"), "A  notes.txt\n");
  // Links, new files and removed ones are a part of it.
  await ok(fleet, ["grant", "chiara", "vars/web01/acme/dns-token", "--yes", "--commit"]);
  assert.match(await fleet.git("show", "--name-status", "--format=", "HEAD"), /^A\t.*\/users\/chiara$/m);
  await ok(fleet, ["revoke", "chiara", "vars/web01/acme/dns-token", "--yes", "--commit"]);
  assert.match(await fleet.git("show", "--name-status", "--format=", "HEAD"), /^D\t.*\/users\/chiara$/m);
  assert.equal(await fleet.git("status", "--porcelain"), "A  notes.txt\n");
});

test("nothing is committed without the flag, and the flag is refused before anything is applied", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["sync", "--yes", "--commit"], { env: { GIT_CONFIG_NOSYSTEM: "1" } });
  assert.equal(code, 3, stderr);
  assert.match(stderr, /E_COMMIT.*/);
  await clean(fleet);
  await ok(fleet, ["sync", "--yes"]);
  assert.equal(await fleet.git("status", "--porcelain"), ` M ${MAILER}\n`);
  for (const flags of [
    ["--message", "x"],
    ["--commit", "--dry-run"],
    ["--commit", "--plan-out", "../p.json"],
  ]) {
    assert.equal((await fleet.secrets(["sync", "--yes", ...flags])).code, 3, flags.join(" "));
  }
});

test("a key that a pull request slipped in is not sealed to by routine, --yes or not", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, ["status"]);
  const eve = await slipIn(fleet);
  const { code, stderr } = await fleet.secrets(["sync", "--yes"]);
  assert.equal(code, 3);
  assert.match(stderr, /E_NOT_APPROVED/);
  assert.ok(stderr.includes(eve), "the key itself");
  assert.match(stderr, /\beve\b/);
  assert.match(stderr, /\.sops\.yaml:6/);
  assert.match(stderr, /commit [0-9a-f]{7,} of test.*Tidy up/);
  assert.ok(!stderr.includes("\u001b"), "what a commit says reaches no terminal as it is");
  await clean(fleet);
  // Other documents go on without her.
  await ok(fleet, ["rotate", "data-keys", "vars/web01", "--yes"]);
  const shown = await ok(fleet, ["sync", "-n"]);
  assert.match(shown, /\+eve \(not approved\)/);
  const data = JSON.parse(await ok(fleet, ["sync", "-n", "--json"]));
  assert.deepEqual(data.unapproved, [{ recipient: eve, name: "eve" }]);
});

test("--allow and trust accept let a key in, by name or by key; forgetting asks again", async (t) => {
  for (const by of ["name", "key", "accept"] as const) {
    const fleet = await sampleFleet(t);
    await ok(fleet, ["status"]);
    const eve = await slipIn(fleet);
    if (by === "accept") {
      await ok(fleet, ["trust", "accept", "eve", "--yes"]);
      await ok(fleet, ["sync", "--yes"]);
    } else await ok(fleet, ["sync", "--yes", "--allow", by === "name" ? "eve" : eve]);
    const listed = JSON.parse(await ok(fleet, ["trust", "ls", "--json"]));
    assert.deepEqual(listed.waiting, []);
    assert.equal(listed.approved.find(({ id }: { id: string }) => id === eve)?.how, "accepted");
    await ok(fleet, ["trust", "forget", "eve"]);
    assert.equal((await fleet.secrets(["rotate", "data-keys", MAILER, "--yes"])).code, 3);
  }
});

test("approval is of a key, not of a name: another key under a known name is a stranger", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, ["status"]);
  const { recipient } = makeAgeKey();
  const rules = await fleet.read(".sops.yaml");
  await writeFile(join(fleet.root, ".sops.yaml"), rules.replace(/&db01 \S+/, `&db01 ${recipient}`));
  const { code, stderr } = await fleet.secrets(["sync", MAILER, "--yes"]);
  assert.equal(code, 3);
  assert.ok(stderr.includes(recipient));
  assert.match(stderr, /not committed yet/);
});

test("approvals that are damaged are no empty list, and a fresh clone takes whoever reads already", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, ["status"]);
  const file = join(fleet.root, ".git/secrets/trust.json");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await slipIn(fleet);
  await writeFile(file, "{}");
  const { code, stderr } = await fleet.secrets(["sync", "--yes"]);
  assert.equal(code, 2);
  assert.match(stderr, /E_TRUST/);
  await rm(file);
  assert.equal((await fleet.secrets(["sync", "--yes"])).code, 3, "what policy merely asks for is not in the baseline");
});

test("a key that was typed is approved, though nothing is sealed to it before the next command", async (t) => {
  const fleet = await sampleFleet(t);
  const { recipient } = makeAgeKey();
  await ok(fleet, ["user", "add", "eve", "--age-key", recipient, "--no-documents", "--yes"]);
  const { approved } = JSON.parse(await ok(fleet, ["trust", "ls", "--json"]));
  const eve = approved.find(({ id }: { id: string }) => id === recipient);
  assert.deepEqual([eve?.name, eve?.how], ["eve", "stated"]);
  await ok(fleet, ["grant", "eve", "vars/web01/acme/dns-token", "--yes"]);
});

test("a data key that is kept although a reader goes is told before and after, and written down", async (t) => {
  const fleet = await sampleFleet(t);
  const flags = ["revoke", "bruno", MAILER, "--keep-data-key", "--json", "--yes"];
  const plan = JSON.parse(await ok(fleet, flags));
  assert.equal(plan.documents[0].dataKey, "risked");
  assert.match(plan.warnings.join("\n"), /keeps? (its|their) data key/);
  assert.match(plan.summary, /its data key is kept/);
  assert.match((await fleet.secrets(["undo", "-n"])).stdout.toString(), /its data key is kept/);
  assert.equal(plan.exposed.length, 3);
});
