/** Approvals as a person meets them: listed, given, taken back, and never given by routine. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { encryptTo } from "../../../src/age/file.ts";
import { parseRecipient } from "../../../src/age/recipient.ts";
import { createFile } from "../../../src/sops/create-file.ts";
import { parsePlain } from "../../../src/sops/plain-text.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const MAILER = "secrets/services/mailer.env";
const VAR = "vars/per-machine/web01/acme/dns-token";

async function ok(fleet: Sample, ...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.secrets(argv);
  assert.equal(code, 0, stderr);
  return stdout.toString();
}

/** A commit of somebody else, as a merged pull request leaves it. */
async function merge(fleet: Sample, subject: string, author = "Mallory <m@example.org>"): Promise<void> {
  await fleet.git("add", "--all");
  await fleet.git("commit", "--quiet", `--author=${author}`, "-m", subject);
}

/** Slips a key into a rule, and can bring along documents that are sealed to it. */
async function slipIn(fleet: Sample, documents = 0): Promise<string> {
  const { recipient } = makeAgeKey();
  const rules = await fleet.read(".sops.yaml");
  await writeFile(
    join(fleet.root, ".sops.yaml"),
    rules
      .replace("  # machines", `  - &eve ${recipient}\n  # machines`)
      .replace("          - *web01\n", "          - *web01\n          - *eve\n"),
  );
  for (let i = 0; i < documents; i++) {
    await mkdir(join(fleet.root, "docs"), { recursive: true });
    await writeFile(join(fleet.root, `docs/note${i}.sops.yaml`), await sealedTo(recipient));
  }
  await merge(fleet, "Tidy up");
  return recipient;
}

function sealedTo(recipient: string): Promise<string> {
  return createFile({
    format: "yaml",
    documents: parsePlain("note: 1\n", "yaml"),
    keyGroups: [[{ type: "age", id: recipient }]],
    now: new Date("2026-03-01T12:00:00Z"),
    seal: ({ id }, dataKey) => encryptTo([parseRecipient(id)], dataKey),
  });
}

test("trust lists who is in, and who is asked for without an approval, with who brought them in", async (t) => {
  const fleet = await sampleFleet(t);
  assert.match(await ok(fleet, "trust"), /^ada +age1\S+ +baseline \d{4}-/m);
  const eve = await slipIn(fleet);
  const shown = await ok(fleet, "trust", "ls");
  assert.match(shown, new RegExp(`never approved here: eve ${eve}\n {2}stated at \\.sops\\.yaml:\\d+\n`));
  assert.match(shown, /brought in by: commit [0-9a-f]{7,} of Mallory, \d{4}-\d\d-\d\d: Tidy up\n/);
  const data = JSON.parse(await ok(fleet, "trust", "--json"));
  assert.equal(data.schemaVersion, 1);
  assert.equal(data.approved.length, 7);
  const [{ places, provenance, ...rest }, ...more] = data.waiting;
  assert.deepEqual([rest, more], [{ type: "age", id: eve, name: "eve" }, []]);
  assert.equal(places[0].path, ".sops.yaml");
  assert.deepEqual([provenance.kind, provenance.author], ["commit", "Mallory"]);
});

test("a fresh clone is not fooled by a document that came along with the key", async (t) => {
  for (const documents of [0, 1]) {
    const fleet = await sampleFleet(t);
    await ok(fleet, "sync", "--yes");
    await merge(fleet, "In line", "Ada <a@example.org>");
    const eve = await slipIn(fleet, documents);
    const clone = join(dirname(fleet.root), "clone");
    execFileSync("git", ["clone", "--quiet", fleet.root, clone]);
    const { code, stderr } = await fleet.secrets(["-C", clone, "sync", MAILER, "--yes"]);
    assert.equal(code, 3, stderr);
    assert.ok(stderr.includes(eve) && stderr.includes("E_NOT_APPROVED"));
    assert.ok(!(await readFile(join(clone, MAILER), "utf8")).includes(eve));
  }
});

test("a link that was slipped in shows with the commit that made it", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, "status");
  const { recipient } = makeAgeKey();
  await mkdir(join(fleet.root, "sops/users/eve"), { recursive: true });
  await writeFile(
    join(fleet.root, "sops/users/eve/key.json"),
    `${JSON.stringify([{ publickey: recipient, type: "age" }])}\n`,
  );
  await merge(fleet, "Welcome eve", "Ada <a@example.org>");
  await mkdir(join(fleet.root, VAR, "users"), { recursive: true });
  await symlink("../../../../../../sops/users/eve", join(fleet.root, VAR, "users/eve"));
  await merge(fleet, "Reformat");
  const { code, stderr } = await fleet.secrets(["sync", "--yes"]);
  assert.equal(code, 3, stderr);
  assert.match(stderr, /stated at sops\/users\/eve\/key\.json:1\n/);
  assert.match(stderr, /brought in by: commit \S+ of Ada, .*: Welcome eve\n/);
  assert.match(stderr, /let in by vars\/\S+\/acme\/dns-token\/users\/eve: commit \S+ of Mallory, .*: Reformat\n/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("accept shows the key and who brought it in, and needs a yes; forget asks again", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, "status");
  const eve = await slipIn(fleet);
  const silent = await fleet.secrets(["trust", "accept", "eve"]);
  assert.equal(silent.code, 3);
  assert.match(silent.stderr, /E_NO_TERMINAL[\s\S]*--yes/);
  assert.ok(silent.stderr.includes(eve) && silent.stderr.includes("Mallory"));
  assert.equal((await fleet.secrets(["sync", "--yes"])).code, 3);
  const { code, stderr } = await fleet.secrets(["trust", "accept", "eve", "--yes"]);
  assert.equal(code, 0);
  assert.match(stderr, /done: approved 1 key on this clone/);
  assert.match((await fleet.secrets(["trust", "accept", "eve"])).stderr, /approved already/);
  await ok(fleet, "sync", "--yes");
  assert.match((await fleet.secrets(["trust", "forget", eve])).stderr, /forgot 1 key; .* seals to it asks again/);
  assert.match((await fleet.secrets(["trust", "forget", "eve"])).stderr, /nothing to do/);
  assert.equal((await fleet.secrets(["rotate", "data-keys", MAILER, "--yes"])).code, 3);
  const unknown = await fleet.secrets(["trust", "accept", "evee", "--yes"]);
  assert.match(unknown.stderr, /E_NOT_FOUND[\s\S]*did you mean eve/);
});

test("what was approved under a name can be forgotten by it when the fleet knows it no longer", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, "status");
  const eve = await slipIn(fleet);
  await ok(fleet, "trust", "accept", "eve", "--yes");
  await fleet.git("revert", "--no-edit", "HEAD");
  assert.match((await fleet.secrets(["trust", "forget", "eve"])).stderr, /forgot 1 key/);
  assert.ok(!(await ok(fleet, "trust", "ls", "--json")).includes(eve));
});

test("a dry run and a refused plan approve nobody", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, "status");
  const eve = await slipIn(fleet);
  await ok(fleet, "sync", "--dry-run", "--allow", "eve");
  const failed = await fleet.secrets(["sync", "--allow", "eve"]);
  assert.equal(failed.code, 3, "no yes");
  assert.equal(JSON.parse(await ok(fleet, "trust", "--json")).waiting[0].id, eve);
});

test("a key that is typed is approved by that, once the change is made", async (t) => {
  const fleet = await sampleFleet(t);
  const { recipient } = makeAgeKey();
  await ok(fleet, "user", "add", "dora", "--age-key", recipient, "--document", "vars/web01/acme/dns-token", "--yes");
  const { approved } = JSON.parse(await ok(fleet, "trust", "--json"));
  const found = approved.find(({ id }: { id: string }) => id === recipient);
  assert.deepEqual([found?.how, found?.name], ["stated", "dora"]);
  await ok(fleet, "rotate", "data-keys", "vars/web01", "--yes");
});

test("a copy of the repository brings no approvals with it, and a linked work tree shares them", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, "status");
  const eve = await slipIn(fleet);
  await ok(fleet, "trust", "accept", "eve", "--yes");
  const [linked, clone] = [join(dirname(fleet.root), "linked"), join(dirname(fleet.root), "clone")];
  await fleet.git("worktree", "add", "--quiet", linked);
  assert.ok((await ok(fleet, "-C", linked, "trust", "ls")).includes("eve"));
  assert.deepEqual(JSON.parse(await ok(fleet, "-C", linked, "trust", "--json")).waiting, []);
  // Whatever a repository holds under this name is no list of approvals.
  await mkdir(join(fleet.root, "secrets"), { recursive: true });
  await cp(join(fleet.root, ".git/secrets/trust.json"), join(fleet.root, "secrets/trust.json"));
  await merge(fleet, "More");
  execFileSync("git", ["clone", "--quiet", fleet.root, clone]);
  assert.equal(JSON.parse(await ok(fleet, "-C", clone, "trust", "--json")).waiting[0].id, eve);
});

test("a new document is not sealed to a stranger either", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, "status");
  const { recipient } = makeAgeKey();
  const rules = await fleet.read(".sops.yaml");
  await writeFile(
    join(fleet.root, ".sops.yaml"),
    `${rules}  - path_regex: ^new/\n    age: [${recipient}, ${/&ada (\S+)/.exec(rules)?.[1]}]\n`,
  );
  await merge(fleet, "Tidy up");
  const set = () => fleet.secrets(["set", "new/a.yaml#token", "-"], { stdin: "x" });
  const { code, stderr } = await set();
  assert.equal(code, 3, stderr);
  assert.match(
    stderr,
    new RegExp(`a key of nobody: ${recipient}[\\s\\S]*Mallory[\\s\\S]*secrets trust accept ${recipient}\n`),
  );
  assert.doesNotMatch(stderr, /--allow/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  await ok(fleet, "trust", "accept", recipient, "--yes");
  assert.equal((await set()).code, 0);
});

test("whoever makes the first document of a fleet needs no approval; another reader does", async (t) => {
  const fleet = await sampleFleet(t);
  const [, ada] = /&ada (\S+)/.exec(await fleet.read(".sops.yaml")) ?? [];
  const start = async (name: string, ...readers: (string | undefined)[]) => {
    const root = join(dirname(fleet.root), name);
    await mkdir(root);
    execFileSync("git", ["init", "--quiet", root]);
    await writeFile(join(root, ".sops.yaml"), `creation_rules:\n  - age: [${readers.join(", ")}]\n`);
    return fleet.secrets(["-C", root, "set", "a.yaml#token", "-"], { stdin: "x" });
  };
  const first = await start("mine", ada);
  assert.equal(first.code, 0, first.stderr);
  const second = await start("ours", ada, makeAgeKey().recipient);
  assert.match(second.stderr, /a reader was never approved on this clone/);
});
