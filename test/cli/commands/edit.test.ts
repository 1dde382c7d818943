import assert from "node:assert/strict";
import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../../../src/repo/program.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const FILE = "secrets/users/ada.sops.yaml";
const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** Runs `secrets edit` with a shell script as the editor; `$1` in it is the file, `secrets` the program itself. */
async function edit(fleet: Sample, argv: readonly string[], script: string, env = {}) {
  const editor = join(dirname(fleet.root), "editor.sh");
  await writeFile(editor, `#!/bin/sh\nset -e\nsecrets() { "${process.execPath}" "${MAIN}" "$@"; }\n${script}\n`);
  await chmod(editor, 0o755);
  // The last word is the file: options for editors that we know come before it.
  const { code, stderr, stdout } = await fleet.secrets(["edit", ...argv], { env: { SECRETS_EDITOR: editor, ...env } });
  assert.equal(stdout.length, 0);
  const kept = /your text is kept [^:]*: (\S+)/.exec(stderr)?.[1];
  return { code, stderr, kept };
}

const get = async (fleet: Sample, address: string) => (await fleet.secrets(["get", address])).stdout.toString("utf8");

test("what was changed is written, by name; the rest keeps its bytes", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await edit(
    fleet,
    [FILE],
    `sed -i -e 's/user: .*/user: other/' -e '/imap:/d' -e '$a extra: 1' "$1"`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /read by ada, studio/);
  assert.match(stderr, /added +extra\n +changed +github\/user\n +removed +mail\/imap\n/);
  assert.equal(await get(fleet, `${FILE}#github/user`), "other");
  const numbers = (await fleet.git("diff", "--numstat")).split("\t").slice(0, 2);
  assert.deepEqual(numbers, ["4", "4"], "one added, one changed, one removed, and the MAC and the date");
});

test("nothing changed, nothing written", async (t) => {
  const fleet = await sampleFleet(t);
  for (const script of [`touch "$1"; sleep 1.1`, `cp "$1" "$1.new"; mv "$1.new" "$1"; sleep 1.1`]) {
    const { code, stderr } = await edit(fleet, [FILE], script);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /nothing changed/);
  }
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("an editor that fails, empties, deletes or returns at once changes nothing", async (t) => {
  const fleet = await sampleFleet(t);
  const cases = [
    [`exit 1`, 2, /E_EDITOR_FAILED/],
    [`: > "$1"`, 0, /the text was empty; nothing was saved/],
    [`rm "$1"`, 0, /removed its file; nothing was saved/],
    [`true`, 2, /E_EDITOR_RETURNED/],
  ] as const;
  for (const [script, expected, message] of cases) {
    const { code, stderr } = await edit(fleet, [FILE], script);
    assert.equal(code, expected, script);
    assert.match(stderr, message);
  }
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("a text that cannot be saved is kept, and the way to it is told", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr, kept } = await edit(fleet, [FILE], `sed -i 's/user: .*/user: [unfinished/' "$1"`);
  assert.equal(code, 2);
  assert.match(stderr, /E_EDIT_INVALID/);
  assert.ok(kept);
  t.after(() => rm(dirname(dirname(dirname(kept))), { recursive: true, force: true }));
  assert.match(await readFile(kept, "utf8"), /^github:[\s\S]*user: \[unfinished/, "without our own lines on top");
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("an error is shown on top of the text, and a second try is taken", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await edit(
    fleet,
    [FILE],
    `if grep -q 'cannot be saved' "$1"; then sed -i 's/user: .*/user: mended/' "$1"; else sed -i 's/user: .*/user: [/' "$1"; fi`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(await get(fleet, `${FILE}#github/user`), "mended");
  assert.doesNotMatch(await get(fleet, FILE), /cannot be saved/);
});

test("someone else changed another key meanwhile: both changes are in", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await edit(
    fleet,
    [FILE],
    `printf theirs | secrets set '${FILE}#mail/imap' - ; sed -i 's/user: .*/user: mine/' "$1"`,
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /both changes are in it/);
  assert.equal(await get(fleet, `${FILE}#mail/imap`), "theirs");
  assert.equal(await get(fleet, `${FILE}#github/user`), "mine");
});

test("someone else changed the same key meanwhile: theirs stays, mine is kept aside", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr, kept } = await edit(
    fleet,
    [FILE],
    `printf theirs | secrets set '${FILE}#github/user' - ; sed -i 's/user: .*/user: mine/' "$1"`,
  );
  assert.equal(code, 5);
  assert.match(stderr, /E_EDIT_CONFLICT[\s\S]*changed on both sides: github\/user/);
  assert.equal(await get(fleet, `${FILE}#github/user`), "theirs");
  assert.ok(kept);
  t.after(() => rm(dirname(dirname(dirname(kept))), { recursive: true, force: true }));
  assert.match(await readFile(kept, "utf8"), /user: mine/);
});

test("a value keeps the line break at its end, or the lack of one", async (t) => {
  const fleet = await sampleFleet(t);
  await edit(fleet, ["vars/web01/acme/dns-token"], `echo new-token > "$1"`);
  assert.equal(await get(fleet, "vars/web01/acme/dns-token"), "new-token");
  await edit(fleet, ["vars/web01/openssh/ssh.id_ed25519"], `printf 'line 1\\nline 2\\n' > "$1"`);
  assert.equal(await get(fleet, "vars/web01/openssh/ssh.id_ed25519"), "line 1\nline 2\n");
  await edit(fleet, [`${FILE}#github/token`], `echo typed > "$1"`);
  assert.equal(await get(fleet, `${FILE}#github/token`), "typed");
});

test("who will read a new secret is said before the editor opens", async (t) => {
  const fleet = await sampleFleet(t);
  const file = await edit(fleet, ["secrets/services/new.json"], `echo '{"a": {"b": "c"}}' > "$1"`);
  assert.equal(file.code, 0, file.stderr);
  assert.match(file.stderr, /is new; it will be read by ada, bruno, backup01 \(the rule at \.sops\.yaml:\d+\)/);
  assert.equal(await get(fleet, "secrets/services/new.json#a/b"), "c");
  const secret = await edit(fleet, ["vars/web01/acme/extra"], `echo x > "$1"`);
  assert.match(secret.stderr, /is new; it will be read by machines\/web01, groups\/admins/);
  assert.equal(await get(fleet, "vars/web01/acme/extra"), "x");
  const nothing = await edit(fleet, ["vars/web01/acme/nothing"], `sleep 1.1`);
  assert.match(nothing.stderr, /nothing was written/);
  assert.equal((await readdir(join(fleet.root, "vars/per-machine/web01/acme"))).includes("nothing"), false);
});

test("every format opens as itself and comes back", async (t) => {
  const fleet = await sampleFleet(t);
  const env = await edit(fleet, ["secrets/services/mailer.env"], `sed -i 's/^SMTP_USER=.*/SMTP_USER=other/' "$1"`);
  assert.equal(env.code, 0, env.stderr);
  assert.equal(await get(fleet, "secrets/services/mailer.env#SMTP_USER"), "other");
  assert.match(await get(fleet, "secrets/services/mailer.env"), /^# Relay of the hosting company\n/);
  const json = await edit(fleet, ["secrets/services/monitoring.json"], `sed -i 's/"key": ".*"/"key": "other"/' "$1"`);
  assert.equal(json.code, 0, json.stderr);
  assert.equal(await get(fleet, "secrets/services/monitoring.json#pager/key"), "other");
  const open = await edit(fleet, ["vars/web01/wireguard/public-key"], `echo public > "$1"`);
  assert.match(open.stderr, /everyone who can read the repository/);
  assert.equal(await fleet.read("vars/per-machine/web01/wireguard/public-key/value"), "public\n");
});

test("no plain text is left anywhere, and none reaches the editor's arguments", async (t) => {
  const fleet = await sampleFleet(t);
  const canary = await get(fleet, `${FILE}#github/token`);
  const trace = join(dirname(fleet.root), "trace");
  const { code } = await edit(
    fleet,
    [FILE],
    `echo "$@" > '${trace}'; pwd >> '${trace}'; env >> '${trace}'; stat -f -c %T "$1" > '${trace}.fs'; stat -c %a "$1" "$(dirname "$1")" >> '${trace}.fs'
     sed -i 's/user: .*/user: other/' "$1"`,
  );
  assert.equal(code, 0);
  assert.doesNotMatch(await readFile(trace, "utf8"), new RegExp(canary));
  assert.deepEqual((await readFile(`${trace}.fs`, "utf8")).trim().split("\n"), ["tmpfs", "600", "700"]);
  const left = await fleet.git("grep", "--no-index", "--fixed-strings", "-l", canary).catch(() => "");
  assert.equal(left, "", "not in the work tree");
  const inMemory = await run(["grep", "--recursive", "--files-with-matches", "--no-messages", canary, "/dev/shm"]);
  assert.equal(Buffer.from(inMemory.stdout).toString(), "", "not in scratch space");
});

test("the picker needs a person", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["edit"], { env: { EDITOR: "true" } });
  assert.equal(code, 3);
  assert.match(stderr, /secrets edit ADDRESS/);
});
