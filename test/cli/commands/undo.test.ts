import assert from "node:assert/strict";
import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { UndoView } from "../../../src/actions/undo.ts";
import { mutationsOf } from "../../schemas/mutations.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const FILE = "secrets/users/ada.sops.yaml";
const TOKEN = `${FILE}#github/token`;
const VAR = "vars/web01/acme/dns-token";

async function setToken(fleet: Sample, value: string): Promise<void> {
  const { code, stderr } = await fleet.secrets(["set", TOKEN, "-"], { stdin: value });
  assert.equal(code, 0, stderr);
}

const tokenOf = async (fleet: Sample) => (await fleet.secrets(["get", TOKEN])).stdout.toString();

test("a value comes back, byte for byte, and a second undo sets it again", async (t) => {
  const fleet = await sampleFleet(t);
  const before = await tokenOf(fleet);
  await setToken(fleet, "another");
  const { code, stdout, stderr } = await fleet.secrets(["undo", "--yes"]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.toString(), "");
  assert.match(stderr, /restore secrets\/users\/ada\.sops\.yaml {2}file as it was before/);
  assert.match(stderr, /applied \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
  assert.match(stderr, /done: undo: .*github\/token/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  assert.equal(await tokenOf(fleet), before);
  assert.match((await fleet.secrets(["undo", "-y"])).stderr, /done: redo: .*github\/token/);
  assert.equal(await tokenOf(fleet), "another");
  assert.match((await fleet.secrets(["undo", "-y"])).stderr, /done: undo: .*github\/token/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("a removed secret comes back with its links and modes, and whoever reads it is named", async (t) => {
  const fleet = await sampleFleet(t);
  const path = join(fleet.root, "vars/per-machine/web01/acme/dns-token/secret");
  await chmod(path, 0o600);
  assert.equal((await fleet.secrets(["rm", VAR, "--yes"])).code, 0);
  const { code, stderr } = await fleet.secrets(["undo", "--yes"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /restore vars\/per-machine\/web01\/acme\/dns-token\/machines\/web01 {2}link that was removed/);
  assert.match(stderr, /who can read:\n {2}vars\/per-machine\/web01\/acme\/dns-token\/secret \+ada \+bruno \+web01\n/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("nothing to undo is no failure", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["undo"]);
  assert.equal(code, 0);
  assert.match(stderr, /nothing was changed on this clone yet; there is nothing to undo/);
  const { stdout } = await fleet.secrets(["undo", "--json"]);
  assert.deepEqual(JSON.parse(stdout.toString()), {
    schemaVersion: 1,
    summary: "nothing was changed on this clone yet",
    applied: false,
    committed: false,
    changes: [],
    documents: [],
  });
  await setToken(fleet, "another");
  await fleet.git("checkout", "--", ".");
  const again = await fleet.secrets(["undo"]);
  assert.equal(again.code, 0);
  assert.match(again.stderr, /taken back already: .*there is nothing to undo/);
});

test("a dry run shows it and changes nothing; without an answer nothing is changed", async (t) => {
  const fleet = await sampleFleet(t);
  await setToken(fleet, "another");
  const status = await fleet.git("status", "--porcelain");
  const dry = await fleet.secrets(["undo", "-n"]);
  assert.equal(dry.code, 0);
  assert.match(dry.stdout.toString(), /restore secrets\/users\/ada\.sops\.yaml/);
  assert.match(dry.stderr, /nothing was changed \(--dry-run\)/);
  const asked = await fleet.secrets(["undo"]);
  assert.equal(asked.code, 3);
  assert.match(asked.stderr, /--yes/);
  assert.equal(await fleet.git("status", "--porcelain"), status);
  assert.equal(await tokenOf(fleet), "another");
});

test("a file that was touched since stops it, is named, and stays", async (t) => {
  const fleet = await sampleFleet(t);
  await setToken(fleet, "another");
  await writeFile(join(fleet.root, FILE), `${await fleet.read(FILE)}# mine\n`);
  const { code, stderr } = await fleet.secrets(["undo", "--yes"]);
  assert.equal(code, 5);
  assert.match(
    stderr,
    /1 file was touched since ".*"; nothing was changed: secrets\/users\/ada\.sops\.yaml \[E_CHANGED_UNDERNEATH\]/,
  );
  assert.match(stderr, /hint: git diff .*\nhint: .*last/);
  assert.match(await fleet.read(FILE), /# mine\n$/);
  await rm(join(fleet.root, FILE));
  assert.equal((await fleet.secrets(["undo", "--yes"])).code, 5);
});

test("what was committed meanwhile is taken back in the work tree alone, and that is said", async (t) => {
  const fleet = await sampleFleet(t);
  await setToken(fleet, "another");
  assert.match((await fleet.secrets(["undo", "-y"])).stderr, /next: nothing was committed/);
  const redo = await fleet.secrets(["undo", "-y"]);
  assert.match(redo.stderr, /done: redo: .*\n.*next: the last commit is without it: commit it\n/);
  await fleet.git("commit", "-qam", "Set the token");
  const head = await fleet.git("rev-parse", "HEAD");
  const { code, stderr } = await fleet.secrets(["undo", "--yes"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /next: the change itself is committed, and this is not/);
  assert.equal(await fleet.git("rev-parse", "HEAD"), head);
  assert.equal(await fleet.git("diff", "--name-only", "HEAD^"), "");
});

test("--json is data of its schema, before and after", async (t) => {
  const fleet = await sampleFleet(t);
  const schema = JSON.parse(await readFile(new URL("../../../schemas/undo.schema.json", import.meta.url), "utf8"));
  const compiled = new Ajv2020({ strict: true }).compile(schema);
  const validate = (value: unknown) => compiled(value);
  assert.equal((await fleet.secrets(["rm", VAR, "--yes"])).code, 0);
  for (const argv of [["-n"], ["--yes"], ["--yes"]]) {
    const { stdout, stderr } = await fleet.secrets(["undo", "--json", ...argv]);
    const output: UndoView = JSON.parse(stdout.toString());
    assert.ok(validate(output), `${JSON.stringify(compiled.errors)} ${stderr}`);
    assert.equal(output.applied, argv[0] === "--yes");
    assert.ok(output.changes.length >= 3);
    for (const { kind, place, value } of mutationsOf(output)) {
      const optional = ["last", "documents[].gains[].name", "documents[].loses[].name"].includes(place);
      assert.equal(validate(value), kind === "removed" && optional, `${kind} ${place}`);
    }
  }
  const { stdout } = await fleet.secrets(["undo", "--json", "--yes"]);
  assert.deepEqual(
    JSON.parse(stdout.toString())
      .documents[0].gains.map((reader: { name: string }) => reader.name)
      .sort(),
    ["ada", "bruno", "web01"],
  );
});

test("--commit commits what was taken back, and nothing else", async (t) => {
  const fleet = await sampleFleet(t);
  await fleet.git("config", "user.name", "test");
  await fleet.git("config", "user.email", "test@example.org");
  await setToken(fleet, "another");
  await fleet.git("commit", "--quiet", "--all", "-m", "Another token");
  const { code, stderr } = await fleet.secrets(["undo", "--yes", "--commit", "-m", "Back to the old token"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /\(commit [0-9a-f]+\)/);
  assert.equal(await fleet.git("show", "--name-only", "--format=%s", "HEAD"), `Back to the old token\n\n${FILE}\n`);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  assert.equal((await fleet.secrets(["undo", "--dry-run", "--commit"])).code, 3);
});
