import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type RepoPath, repoPath } from "../../src/repo/path.ts";
import { introducedBy, type Provenance } from "../../src/repo/provenance.ts";
import type { Root } from "../../src/repo/root.ts";
import { git, makeDirectory, makeGitRoot, makeRoot, writeTree } from "./fleet.ts";

const KEY = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqsabcde";

function commitAs(root: Root, author: string, subject: string, files: Readonly<Record<string, string | undefined>>) {
  for (const [path, content] of Object.entries(files)) {
    rmSync(join(root.path, path), { force: true });
    if (content !== undefined) writeTree(root.path, { [path]: content });
  }
  git(root.path, "add", "-A");
  record(root, author, "commit", "-q", "--allow-empty", "-m", subject);
}

function record(root: Root, author: string, ...args: string[]): void {
  execFileSync("git", ["-c", "user.name=committer", "-c", "user.email=c@example.org", ...args], {
    cwd: root.path,
    stdio: "ignore",
    env: {
      ...process.env,
      GIT_AUTHOR_NAME: author,
      GIT_AUTHOR_EMAIL: "a@example.org",
      GIT_AUTHOR_DATE: "2026-03-01T12:00:00+01:00",
    },
  });
}

/** Gives the last commit what git takes for a signature. */
function signLast(root: Root): void {
  const signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n";
  const raw = git(root.path, "cat-file", "commit", "HEAD").replace("\n\n", `\n${signature}\n`);
  git(root.path, "reset", "-q", "--hard", write(root, raw));
}

function write(root: Root, commit: string): string {
  const options = { cwd: root.path, input: commit, encoding: "utf8" } as const;
  return execFileSync("git", ["hash-object", "-t", "commit", "-w", "--stdin", "--literally"], options).trim();
}

/** `AUTHOR: SUBJECT`, or the kind when it is no commit. */
async function who(root: Root, paths: readonly string[], text: string | undefined = KEY): Promise<string> {
  return told(await introducedBy(root, { text, paths: paths.map(repoPath) }));
}

function told(provenance: Provenance | undefined): string {
  if (provenance?.kind !== "commit") return provenance?.kind ?? "nothing";
  return `${provenance.author}: ${provenance.subject}`;
}

const linked = async (root: Root, path: string) => told(await introducedBy(root, { paths: [repoPath(path)] }));

describe("introducedBy", () => {
  it("names the commit, its author and date", async (t) => {
    const root = makeGitRoot(t);
    commitAs(root, "Ada", "Start", { f: "a: 1\n" });
    commitAs(root, "Mallory", "Tidy up", { f: `a: 1\nb: ${KEY}\n` });
    const id = git(root.path, "rev-parse", "HEAD").trim();
    commitAs(root, "Bruno", "Reorder", { f: `b: ${KEY}\na: 2\n` });
    const found = await introducedBy(root, { text: KEY, paths: [repoPath("f")] });
    assert.equal(found?.kind, "commit");
    assert.ok(found.kind === "commit" && id.startsWith(found.id) && found.id.length >= 7);
    assert.deepEqual(
      { ...found, id: "" },
      {
        kind: "commit",
        id: "",
        author: "Mallory",
        date: "2026-03-01T12:00:00+01:00",
        subject: "Tidy up",
      },
    );
  });

  it("takes a key that comes back for one that comes now", async (t) => {
    const root = makeGitRoot(t);
    commitAs(root, "Ada", "Hire", { f: KEY, g: "-" });
    commitAs(root, "Ada", "Let go", { f: "-" });
    commitAs(root, "Mallory", "Tidy up", { g: KEY });
    commitAs(root, "Bruno", "Copy", { f: `${KEY} ${KEY}` });
    assert.equal(await who(root, ["f", "g"]), "Mallory: Tidy up");
    commitAs(root, "Bruno", "One is enough", { f: "-" });
    assert.equal(await who(root, ["f", "g"]), "Mallory: Tidy up");
  });

  it("looks at the paths alone", async (t) => {
    const root = makeGitRoot(t);
    commitAs(root, "Ada", "Elsewhere", { "other/f": KEY, f: "-" });
    commitAs(root, "Mallory", "Here", { f: KEY });
    assert.equal(await who(root, ["f"]), "Mallory: Here");
  });

  it("says what is in the work tree alone, before the first commit, too", async (t) => {
    const root = makeGitRoot(t, { f: KEY });
    assert.equal(await who(root, ["f"]), "uncommitted");
    commitAs(root, "Ada", "Start", { f: "-" });
    writeFileSync(join(root.path, "f"), KEY);
    assert.equal(await who(root, ["f"]), "uncommitted");
    git(root.path, "add", "-A");
    assert.equal(await who(root, ["f"]), "uncommitted");
    commitAs(root, "Ada", "Away", { f: "-" });
    writeFileSync(join(root.path, "f"), KEY);
    assert.equal(await who(root, ["f"]), "uncommitted");
  });

  it("finds who made a link, whatever it points to since", async (t) => {
    const root = makeGitRoot(t);
    commitAs(root, "Ada", "Start", { "s/secret": "x" });
    commitAs(root, "Mallory", "Link", { "s/users/eve": "-> ../../sops/users/eve" });
    commitAs(root, "Bruno", "Relink", { "s/users/eve": "-> ../../../sops/users/eve" });
    assert.equal(await linked(root, "s/users/eve"), "Mallory: Link");
    symlinkSync("x", join(root.path, "s/users/bob"));
    assert.equal(await linked(root, "s/users/bob"), "uncommitted");
  });

  it("names the commit on the branch, and the merge itself for what was slipped into it", async (t) => {
    const root = makeGitRoot(t);
    commitAs(root, "Ada", "Start", { f: "1\n", g: "1\n", s: "-> x" });
    git(root.path, "checkout", "-q", "-b", "side");
    commitAs(root, "Mallory", "On the branch", { f: `1\n${KEY}\n`, l: "-> x" });
    git(root.path, "checkout", "-q", "main");
    commitAs(root, "Ada", "Go on", { h: "1" });
    record(root, "Ada", "merge", "-q", "--no-ff", "-m", "Merge", "side");
    assert.equal(await who(root, ["f"]), "Mallory: On the branch");
    assert.equal(await linked(root, "l"), "Mallory: On the branch");
    git(root.path, "checkout", "-q", "-b", "other");
    commitAs(root, "Bruno", "Harmless", { i: "1" });
    git(root.path, "checkout", "-q", "main");
    commitAs(root, "Ada", "Go on", { h: "2" });
    record(root, "Mallory", "merge", "-q", "--no-ff", "--no-commit", "other");
    writeFileSync(join(root.path, "g"), `1\n${KEY}\n`);
    symlinkSync("x", join(root.path, "m"));
    git(root.path, "add", "-A");
    record(root, "Mallory", "commit", "-q", "-m", "Merge, and more");
    assert.equal(await who(root, ["g"]), "Mallory: Merge, and more");
    assert.equal(await linked(root, "m"), "Mallory: Merge, and more");
  });

  it("blames nobody for what lies before the history of a shallow clone", async (t) => {
    const origin = makeGitRoot(t);
    commitAs(origin, "Ada", "Start", { f: KEY });
    commitAs(origin, "Bruno", "Go on", { g: "1" });
    commitAs(origin, "Mallory", "Tidy up", { h: KEY });
    const base = makeDirectory(t);
    git(base, "clone", "-q", "--depth", "2", `file://${origin.path}`, "clone");
    const path = join(base, "clone");
    const root = { path, git: join(path, ".git"), state: join(path, ".git/secrets") };
    assert.equal(await who(root, ["f"]), "shallow");
    assert.equal(await who(root, ["h"]), "Mallory: Tidy up");
  });

  it("takes a name for a name, and a text for a text", async (t) => {
    const root = makeGitRoot(t);
    commitAs(root, "Ada", "Start", { "*": "a.c", ":(top)f": "-", "a f": "abc", "-f": "-S" });
    commitAs(root, "Mallory", "Key", { f: "abc", "*": "abc a.c" });
    assert.equal(await who(root, ["*"], "abc"), "Mallory: Key");
    assert.equal(await who(root, ["a f"], "abc"), "Ada: Start");
    assert.equal(await who(root, ["*"], "a.c"), "Ada: Start");
    assert.equal(await who(root, ["-f"], "-S"), "Ada: Start");
    commitAs(root, "Bruno", "Dots", { f: "a.c" });
    assert.equal(await who(root, ["f"], "a.c"), "Bruno: Dots");
    assert.equal(await linked(root, ":(top)f"), "Ada: Start");
    for (const text of ["", "abc\n", "a\0", "x".repeat(100_000)]) assert.equal(await who(root, ["f"], text), "nothing");
  });

  it("strips what an author or a subject could do to a screen, and what is no date", async (t) => {
    const root = makeGitRoot(t);
    commitAs(root, "Mallory\u001b[2J\u0007", `x\u001b]0;\u0085${"y".repeat(500)}`, { f: KEY });
    const found = await introducedBy(root, { text: KEY, paths: [repoPath("f")] });
    assert.ok(found?.kind === "commit");
    assert.doesNotMatch(found.author + found.subject, /\p{Cc}/u);
    assert.match(found.author, /^Mallory/);
    assert.equal(found.subject.length, 200);
    const raw = git(root.path, "cat-file", "commit", "HEAD").replace(
      /^(author .*>) .*$/m,
      "$1 99999999999999999 +0000",
    );
    git(root.path, "reset", "-q", "--hard", write(root, raw));
    const odd = await introducedBy(root, { text: KEY, paths: [repoPath("f")] });
    assert.ok(odd?.kind === "commit" && (odd.date === undefined || /^\d{4}-/.test(odd.date)));
  });

  it("starts nothing and heeds nothing that is configured for git log", async (t: TestContext) => {
    const root = makeGitRoot(t);
    commitAs(root, "Ada", "Start", {
      ".gitattributes": "* diff=evil\n",
      f: "-",
      ".mailmap": "Eve <e@e> <a@example.org>\n",
    });
    commitAs(root, "Mallory", "Tidy up", { f: KEY });
    signLast(root);
    const witness = join(root.path, "started");
    const command = `touch ${witness}; cat`;
    const trap = join(root.path, "trap");
    writeFileSync(trap, `#!/bin/sh\ntouch ${witness}\n`, { mode: 0o755 });
    const settings = {
      "diff.evil.textconv": command,
      "diff.evil.command": command,
      "diff.external": command,
      "core.pager": command,
      "pager.log": command,
      "gpg.program": trap,
      "log.showSignature": "true",
      "log.follow": "true",
      "log.mailmap": "true",
      "diff.orderFile": join(root.path, "none"),
      "format.pretty": "%s",
      "core.fsmonitor": command,
      "log.diffMerges": "first-parent",
      "color.ui": "always",
      "grep.patternType": "perl",
      "grep.lineNumber": "true",
    };
    for (const [name, value] of Object.entries(settings)) git(root.path, "config", name, value);
    assert.equal(await who(root, ["f"]), "Mallory: Tidy up");
    assert.ok(!existsSync(witness));
  });

  it("knows nothing without git", async (t) => {
    const { path, state } = makeRoot(t, { f: KEY });
    assert.equal(await who({ path, state, git: undefined }, ["f"]), "nothing");
    assert.equal(told(await introducedBy(makeGitRoot(t), { text: KEY, paths: [] as RepoPath[] })), "nothing");
  });
});
