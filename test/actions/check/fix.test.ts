/** What findings tell a person to type: commands that exist, and that do what they say whatever a file is called. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { removeFromGit } from "../../../src/actions/check/fix-commands.ts";
import { shellWord } from "../../../src/actions/check/shell-word.ts";
import { application } from "../../../src/cli/application.ts";
import { CASES } from "./cases.ts";
import { findingsOf } from "./sample-files.ts";

const NAMES = [
  "a b",
  "*",
  "$(touch owned)",
  "`touch owned`",
  "it's",
  "-rf",
  ":(glob)**",
  ":!x",
  "new\nline",
  "tab\tbell\u0007\\x41'",
  "\u202egnp.exe",
  "[x]?",
  "ä…秘",
];

test("a name is one word to a shell, and shows nothing to a terminal but itself", () => {
  for (const name of NAMES) {
    const word = shellWord(name);
    const heard = execFileSync("bash", ["-c", `printf '%s' ${word}`]).toString("utf8");
    assert.equal(heard.replace(/^\.\/-/, "-"), name);
    assert.doesNotMatch(word, /[\u0000-\u001f\u007f\u202e]/);
  }
});

test("the command that removes a file removes that one alone", (t) => {
  const root = mkdtempSync(join(tmpdir(), "secrets-test-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  execFileSync("git", ["init", "--quiet", root]);
  for (const name of [...NAMES, "x", "keep"]) writeFileSync(join(root, name), "");
  execFileSync("git", ["--literal-pathspecs", "add", "--", "."], { cwd: root });
  for (const name of NAMES) {
    const before = readdirSync(root).length;
    execFileSync("bash", ["-c", `${removeFromGit(name)} --force --quiet`], { cwd: root });
    assert.equal(readdirSync(root).length, before - 1, name);
    assert.ok(!readdirSync(root).includes(name), name);
  }
  assert.deepEqual(readdirSync(root).sort(), [".git", "keep", "x"]);
});

/** Programs that a fix may begin with, with the commands of theirs that it may name. */
const PROGRAMS: Readonly<Record<string, RegExp>> = {
  $EDITOR: /^(\+\d+ )?\S+$/,
  git: /^(--literal-pathspecs )?(rm -r|mv|log --oneline --) /,
  ls: /^-ld \S+$/,
  sops: /^encrypt -i /,
  secrets: /^((rm|set|edit|explain|sync|renew --done) \S+$|user add |machine add |rotate machine )/,
};

test("every fix is one command, of a program that has it", async () => {
  const { root } = application(false);
  let fixes = 0;
  for (const [what, changes] of CASES) {
    for (const { fix } of await findingsOf(changes)) {
      const [program = "", ...rest] = fix.split(" ");
      assert.match(rest.join(" "), PROGRAMS[program] ?? /^never$/, `${what}: ${fix}`);
      if (program === "secrets") {
        assert.ok("getRoutingTargetForInput" in root && root.getRoutingTargetForInput(rest[0] ?? ""), fix);
      }
      fixes++;
    }
  }
  assert.ok(fixes > 30);
});
