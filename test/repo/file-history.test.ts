import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { readHistories } from "../../src/repo/file-history.ts";
import { type RepoPath, repoPath } from "../../src/repo/path.ts";
import { findRoot, type Root } from "../../src/repo/root.ts";
import { git, makeDirectory, makeGitRoot, writeTree } from "./fleet.ts";

/** Commits the files at a time, given in days since 2026-01-01; `undefined` removes a file. */
function commit(root: Root, day: number, files: Readonly<Record<string, string | undefined>>): void {
  for (const [path, content] of Object.entries(files)) {
    const at = join(root.path, path);
    if (content === undefined) rmSync(at);
    else {
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, content);
    }
  }
  git(root.path, "add", "-A");
  commitAt(root, day, "commit", "-q", "--allow-empty", "-m", `day ${day}`);
}

function commitAt(root: Root, day: number, ...args: string[]): void {
  const date = `@${Date.UTC(2026, 0, 1 + day) / 1000} +0000`;
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
  execFileSync("git", [...identity, ...args], {
    cwd: root.path,
    stdio: "ignore",
    // The author's date is another one: it says when a change was first written, not since when it counts.
    env: { ...process.env, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: "2020-01-01T00:00:00Z" },
  });
}

/** `CONTENT@DAY` for each version, with `|` behind one where the history is cut. */
async function history(root: Root, path: string, among: readonly string[] = [path]): Promise<string> {
  const histories = await readHistories(root, among.map(repoPath));
  const versions = histories.get(path as RepoPath) ?? [];
  return versions
    .map(({ blob, time, cut }) => {
      assert.match(blob, /^[0-9a-f]{40}$/);
      const day = (time - Date.UTC(2026, 0, 1)) / 86_400_000;
      return `${git(root.path, "cat-file", "blob", blob)}@${day}${cut ? "|" : ""}`;
    })
    .join(" ");
}

describe("readHistories", () => {
  it("gives every content a commit gave a file, newest first, by the committer's date", async (t) => {
    const root = makeGitRoot(t);
    commit(root, 0, { f: "1", "d/g": "x" });
    commit(root, 1, { f: "2" });
    commit(root, 2, { "d/g": "y" });
    commit(root, 3, { f: undefined });
    commit(root, 4, { f: "1" });
    assert.equal(await history(root, "f", ["f", "d/g"]), "1@4 2@1 1@0");
    assert.equal(await history(root, "d/g", ["f", "d/g"]), "y@2 x@0");
    assert.equal(await history(root, "new", ["f", "new"]), "");
  });

  it("knows nothing before the first commit, and of no path", async (t) => {
    const root = makeGitRoot(t, { f: "1" });
    assert.deepEqual(await readHistories(root, [repoPath("f")]), new Map());
    assert.deepEqual(await readHistories(root, []), new Map());
  });

  it("dates what came by a merge as on its branch, and knows how a conflict was resolved", async (t) => {
    const root = makeGitRoot(t);
    commit(root, 0, { f: "base", g: "0" });
    git(root.path, "checkout", "-qb", "side");
    commit(root, 1, { f: "side", g: "1" });
    git(root.path, "checkout", "-q", "main");
    commit(root, 2, { f: "main" });
    assert.throws(() => git(root.path, "merge", "-q", "side"));
    commit(root, 9, { f: "both" });
    assert.equal(await history(root, "g"), "1@1 0@0");
    assert.deepEqual((await history(root, "f")).split(" ").sort(), ["base@0", "both@9", "main@2", "side@1"]);
    assert.match(await history(root, "f"), /^both@9 .*base@0$/);
  });

  it("puts children before parents whatever their dates say", async (t) => {
    const root = makeGitRoot(t);
    for (const [content, day] of [
      ["1", 50],
      ["2", -20_453],
      ["3", 40_000],
      ["4", 2],
    ] as const) {
      commit(root, day, { f: content });
    }
    assert.match(await history(root, "f"), /^4@2 3@40000 2@-\d+ 1@50$/);
  });

  it("puts the first version last when a branch has odd dates, too", async (t) => {
    const root = makeGitRoot(t);
    commit(root, 50, { f: "base" });
    git(root.path, "checkout", "-qb", "side");
    commit(root, 1, { f: "side" });
    git(root.path, "checkout", "-q", "main");
    commit(root, 2, { f: "main" });
    commitAt(root, 60, "merge", "-q", "-s", "ours", "-m", "merge", "side");
    // What the merge threw away was there all the same.
    assert.match(await history(root, "f"), /side@1 .*base@50$/);
  });

  it("follows no rename", async (t) => {
    const root = makeGitRoot(t);
    git(root.path, "config", "diff.renames", "copies");
    git(root.path, "config", "log.follow", "true");
    commit(root, 0, { old: "long enough to be found again" });
    git(root.path, "mv", "old", "new");
    commit(root, 1, {});
    assert.equal(await history(root, "new"), "long enough to be found again@1");
    assert.equal(await history(root, "new", ["old", "new"]), "long enough to be found again@1");
  });

  it("takes links and submodules for no versions", async (t) => {
    const root = makeGitRoot(t);
    commit(root, 0, { f: "file" });
    rmSync(join(root.path, "f"));
    writeTree(root.path, { f: "-> target" });
    commit(root, 1, {});
    assert.equal(await history(root, "f"), "file@0");
  });

  it("marks where a shallow clone is cut off", async (t) => {
    const origin = makeGitRoot(t);
    commit(origin, 0, { f: "1", g: "1" });
    commit(origin, 1, { f: "2" });
    commit(origin, 2, { f: "3" });
    const path = join(makeDirectory(t), "clone");
    git(origin.path, "clone", "-q", "--depth=2", `file://${origin.path}`, path);
    const clone = await findRoot(path);
    assert.equal(await history(clone, "f"), "3@2 2@1|");
    assert.equal(await history(clone, "g"), "1@1|");
    const linked = join(dirname(path), "linked");
    git(path, "worktree", "add", "-q", linked);
    assert.equal(await history(await findRoot(linked), "f"), "3@2 2@1|");
    assert.equal(await history(origin, "f"), "3@2 2@1 1@0");
  });

  it("takes a name for a name: no pattern, no record of the log", async (t) => {
    const root = makeGitRoot(t);
    const names = ["*", ":(top)x", ":100644 100644 a b M", "@1 2", "\n@1 2", "-c", "é/ü", "a b"];
    commit(root, 0, Object.fromEntries(names.map((name) => [name, `content of ${name}`])));
    for (const name of names) assert.equal(await history(root, name), `content of ${name}@0`);
    for (const name of names) assert.equal(await history(root, name, names), `content of ${name}@0`);
    assert.equal(await history(root, "?"), "");
  });

  it("finds each path however many are asked for", async (t) => {
    const root = makeGitRoot(t);
    const deep = Array.from({ length: 150 }, (_, i) => `d/${i}`);
    const wide = Array.from({ length: 150 }, (_, i) => `${i}/f`);
    commit(root, 0, Object.fromEntries([...deep, ...wide].map((name) => [name, name])));
    for (const names of [deep, wide, [...deep, ...wide]]) {
      const histories = await readHistories(root, names.map(repoPath));
      assert.deepEqual([...histories.keys()].sort(), [...names].sort());
    }
  });

  it("starts nothing and heeds nothing that is configured for git log", async (t) => {
    const root = makeGitRoot(t);
    commit(root, 0, { f: "1" });
    const trap = join(root.path, ".git", "trap");
    writeFileSync(trap, `#!/bin/sh\ntouch ${root.path}/.git/sprung\n`, { mode: 0o755 });
    signLast(root);
    for (const name of ["gpg.program", "core.pager", "diff.external", "diff.x.textconv", "diff.x.command"]) {
      git(root.path, "config", name, trap);
    }
    for (const [name, value] of [
      ["log.showSignature", "true"],
      ["log.showRoot", "false"],
      ["log.decorate", "full"],
      ["core.abbrev", "5"],
      ["color.ui", "always"],
      ["color.diff", "always"],
      ["diff.orderFile", "/nowhere"],
      ["format.pretty", "fuller"],
      ["log.date", "iso"],
    ] as const) {
      git(root.path, "config", name, value);
    }
    writeTree(root.path, { ".gitattributes": "* diff=x\n" });
    assert.equal(await history(root, "f"), "1@0");
    assert.equal(existsSync(join(root.path, ".git", "sprung")), false);
  });

  it("agrees with git on every path of any history", async (t: TestContext) => {
    const content = fc.constantFrom("1", "2", undefined);
    const step = fc.record({ f: content, "d/g": content });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const root = makeGitRoot(t);
        const there = new Map<string, string>();
        const expected = new Map<string, string[]>([
          ["f", []],
          ["d/g", []],
        ]);
        for (const [day, files] of steps.entries()) {
          for (const [path, text] of Object.entries(files)) {
            if (text !== undefined && there.get(path) !== text) expected.get(path)?.unshift(`${text}@${day}`);
            if (text === undefined) there.delete(path);
            else there.set(path, text);
          }
          const present = Object.entries(files).filter(
            ([path, text]) => text !== undefined || existsSync(join(root.path, path)),
          );
          commit(root, day, Object.fromEntries(present));
        }
        for (const [path, versions] of expected)
          assert.equal(await history(root, path, ["f", "d/g"]), versions.join(" "));
      }),
      { numRuns: 8 },
    );
  });
});

/** The last commit again, with a signature that a program would have to be asked about. */
function signLast(root: Root): void {
  const text = git(root.path, "cat-file", "commit", "HEAD");
  const end = text.indexOf("\n\n");
  const signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----";
  const signed = `${text.slice(0, end)}\n${signature}${text.slice(end)}`;
  const options = { cwd: root.path, input: signed, encoding: "utf8" } as const;
  const id = execFileSync("git", ["hash-object", "-t", "commit", "-w", "--stdin"], options).trim();
  git(root.path, "update-ref", "HEAD", id);
}
