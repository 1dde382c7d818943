import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { SecretsError } from "../../src/errors.ts";
import { commitPaths, refuseCommit } from "../../src/repo/commit.ts";
import { repoPath } from "../../src/repo/path.ts";
import type { Root } from "../../src/repo/root.ts";
import { git, makeDirectory, makeGitRoot, makeRoot, writeTree } from "./fleet.ts";

/** A repository whose person is known to git, with a first commit. */
function makePersonal(t: TestContext, files: Readonly<Record<string, string>> = { start: "1" }): Root {
  const root = makeGitRoot(t, files);
  for (const [name, value] of [
    ["user.name", "Ada"],
    ["user.email", "ada@example.org"],
  ] as const)
    git(root.path, "config", name, value);
  git(root.path, "add", "-A");
  git(root.path, "commit", "-q", "-m", "Start");
  return root;
}

async function commit(root: Root, paths: readonly string[], message = "Change who reads"): Promise<string | undefined> {
  const names = paths.map(repoPath);
  await refuseCommit(root, names);
  return (await commitPaths(root, names, message))?.id;
}

const last = (root: Root) => git(root.path, "show", "--name-status", "--format=", "--no-renames", "HEAD");
const status = (root: Root) => git(root.path, "status", "--porcelain");

function hook(root: Root, name: string, script: string): void {
  mkdirSync(join(root.path, ".git/hooks"), { recursive: true });
  writeFileSync(join(root.path, ".git/hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Of whoever runs the tests nothing may count. */
const kept = { ...process.env };
before(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("GIT_")) delete process.env[name];
  process.env["GIT_CONFIG_GLOBAL"] = "/dev/null";
  process.env["GIT_CONFIG_SYSTEM"] = "/dev/null";
});
after(() => {
  for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name];
  Object.assign(process.env, kept);
});

describe("commitPaths", () => {
  it("commits what was changed, made, removed and linked, and nothing else", async (t) => {
    const root = makePersonal(t, {
      changed: "1",
      gone: "1",
      "d/gone": "1",
      other: "1",
      link: "-> a",
      "was/link": "-> a",
    });
    writeTree(root.path, { "new/file": "1", "new/link": "-> ../changed", staged: "1" });
    writeFileSync(join(root.path, "changed"), "2");
    for (const path of ["gone", "d", "link", "was"]) rmSync(join(root.path, path), { recursive: true });
    symlinkSync("b", join(root.path, "link"));
    writeFileSync(join(root.path, "was"), "a file now");
    writeFileSync(join(root.path, "other"), "2");
    git(root.path, "add", "staged");
    writeFileSync(join(root.path, "untracked"), "1");
    const id = await commit(root, ["changed", "gone", "d/gone", "link", "new/file", "new/link", "was", "was/link"]);
    assert.ok(git(root.path, "rev-parse", "HEAD").startsWith(id ?? "-"));
    assert.equal(
      last(root),
      "M\tchanged\nD\td/gone\nD\tgone\nM\tlink\nA\tnew/file\nA\tnew/link\nA\twas\nD\twas/link\n",
    );
    assert.equal(status(root), " M other\nA  staged\n?? untracked\n");
  });

  it("commits what lies in the work tree, whatever was staged of it", async (t) => {
    const root = makePersonal(t, { f: "1", g: "1" });
    writeFileSync(join(root.path, "f"), "staged");
    git(root.path, "rm", "-q", "--cached", "g");
    git(root.path, "add", "f");
    writeFileSync(join(root.path, "f"), "on disk");
    await commit(root, ["f", "g"]);
    assert.equal(git(root.path, "show", "HEAD:f"), "on disk");
    assert.equal(last(root), "M\tf\n");
    assert.equal(status(root), "");
  });

  it("makes no commit of nothing", async (t) => {
    const root = makePersonal(t);
    const head = git(root.path, "rev-parse", "HEAD");
    writeFileSync(join(root.path, "staged"), "1");
    git(root.path, "add", "staged");
    assert.equal(await commit(root, ["start", "never/was"]), undefined);
    assert.equal(git(root.path, "rev-parse", "HEAD"), head);
    assert.equal(status(root), "A  staged\n");
  });

  it("works before the first commit, and on a detached HEAD", async (t) => {
    const root = makeGitRoot(t, { f: "1", g: "1" });
    git(root.path, "config", "user.name", "Ada");
    git(root.path, "config", "user.email", "ada@example.org");
    git(root.path, "add", "g");
    assert.ok(await commit(root, ["f"]));
    assert.equal(last(root), "A\tf\n");
    assert.equal(status(root), "A  g\n");
    git(root.path, "checkout", "-q", "--detach");
    writeFileSync(join(root.path, "f"), "2");
    assert.ok(await commit(root, ["f"]));
    assert.equal(git(root.path, "log", "--format=%s", "HEAD").split("\n").length, 3);
  });

  it("takes every name for a name, and the message for a message", async (t) => {
    const root = makePersonal(t, { "a.c": "1" });
    const names = ["*", ":(top)x", "-f", "a b", "x\ny", 'q"', "é", "[a].c"];
    for (const name of [...names, "abc", "x"]) writeFileSync(join(root.path, name), "1");
    git(root.path, "config", "commit.cleanup", "strip");
    const message = "-m --amend\n\n# no comment\n\u001b$(touch sprung) é";
    await commit(root, names, message);
    const committed = git(root.path, "show", "-z", "--name-only", "--format=", "HEAD").split("\0").filter(Boolean);
    assert.deepEqual(committed.sort(), [...names].sort());
    assert.equal(git(root.path, "log", "-1", "--format=%B").trimEnd(), message);
    assert.equal(status(root), "?? abc\n?? x\n");
  });

  it("is quick with thousands of paths", async (t) => {
    const root = makePersonal(t);
    const names = Array.from({ length: 3000 }, (_, i) => `${"long-directory-name/".repeat(4)}${i}`);
    writeTree(root.path, Object.fromEntries(names.map((name) => [name, "1"])));
    await commit(root, names);
    assert.equal(last(root).split("\n").length, 3001);
  });

  it("is the person's own commit: identity, hooks and all", async (t) => {
    const root = makePersonal(t, { f: "1" });
    hook(root, "pre-commit", "git diff --cached --name-only > .git/seen");
    hook(root, "commit-msg", 'echo "Reviewed-by: hook" >> "$1"');
    writeFileSync(join(root.path, "f"), "2");
    writeFileSync(join(root.path, "staged"), "1");
    git(root.path, "add", "staged");
    process.env["GIT_AUTHOR_NAME"] = "Somebody Else";
    t.after(() => delete process.env["GIT_AUTHOR_NAME"]);
    await commit(root, ["f"], "Subject");
    assert.equal(readFileSync(join(root.path, ".git/seen"), "utf8"), "f\n");
    assert.equal(
      git(root.path, "log", "-1", "--format=%an|%cn|%B").trim(),
      "Somebody Else|Ada|Subject\nReviewed-by: hook",
    );
  });

  it("hands no key to a hook, and is led nowhere by the environment", async (t) => {
    const root = makePersonal(t, { f: "1" });
    const other = makePersonal(t, { f: "1" });
    hook(root, "pre-commit", "env > .git/env");
    const set = {
      SOPS_AGE_KEY: "AGE-SECRET-KEY-1",
      AWS_SECRET_ACCESS_KEY: "x",
      GIT_DIR: join(other.path, ".git"),
      GIT_WORK_TREE: other.path,
      GIT_INDEX_FILE: join(other.path, ".git/index"),
      GPG_TTY: "/dev/pts/9",
    };
    Object.assign(process.env, set);
    t.after(() => {
      for (const name of Object.keys(set)) delete process.env[name];
    });
    writeFileSync(join(root.path, "f"), "2");
    const paths = [repoPath("f")];
    await refuseCommit(root, paths);
    await commitPaths(root, paths, "x");
    for (const name of Object.keys(set)) delete process.env[name];
    const seen = readFileSync(join(root.path, ".git/env"), "utf8");
    assert.doesNotMatch(seen, /SOPS|AWS|AGE-SECRET/);
    assert.match(seen, /^GPG_TTY=\/dev\/pts\/9$/m);
    assert.equal(git(other.path, "log", "--format=%s"), "Start\n");
    assert.equal(last(root), "M\tf\n");
  });

  it("says that the change is applied when a hook refuses, with the hook's words", async (t) => {
    const root = makePersonal(t, { f: "1" });
    hook(root, "pre-commit", 'echo "no commits on Friday" >&2; exit 1');
    writeFileSync(join(root.path, "f"), "2");
    writeTree(root.path, { new: "1", staged: "1" });
    git(root.path, "add", "staged");
    await assert.rejects(commit(root, ["f", "new"]), (error) => {
      assert.ok(error instanceof SecretsError && error.cause instanceof SecretsError);
      assert.equal(error.code, "E_COMMIT");
      assert.equal(error.kind, "failed");
      assert.match(error.message, /the change is applied/);
      assert.match(error.cause.message, /no commits on Friday/);
      assert.match(error.hint ?? "", /git commit --only .*f, new\n.*secrets undo/);
      return true;
    });
    assert.equal(git(root.path, "log", "--format=%s"), "Start\n");
    assert.equal(readFileSync(join(root.path, "f"), "utf8"), "2");
    rmSync(join(root.path, ".git/hooks/pre-commit"));
    git(root.path, "commit", "-q", "--only", "-m", "By hand", "f", "new");
    assert.equal(status(root), "A  staged\n");
  });

  it("says so as well when another git holds the index", async (t) => {
    const root = makePersonal(t, { f: "1" });
    writeFileSync(join(root.path, "f"), "2");
    writeFileSync(join(root.path, ".git/index.lock"), "");
    await assert.rejects(commit(root, ["f"]), { code: "E_COMMIT", message: /applied/ });
  });
});

describe("refuseCommit", () => {
  const refused = (root: Root, message: RegExp, paths: readonly string[] = ["f"]) =>
    assert.rejects(refuseCommit(root, paths.map(repoPath)), { code: "E_COMMIT", kind: "usage", message });

  it("refuses where there is no git", async (t) => {
    const { path, state } = makeRoot(t);
    await refused({ path, state, git: undefined }, /not in git/);
    const path1 = process.env["PATH"];
    process.env["PATH"] = makeDirectory(t);
    try {
      await refused(makeRoot(t), /git is not here/);
    } finally {
      process.env["PATH"] = path1;
    }
  });

  it("refuses in the middle of something", async (t) => {
    const root = makePersonal(t, { f: "1\n" });
    git(root.path, "checkout", "-q", "-b", "side");
    writeFileSync(join(root.path, "f"), "side\n");
    git(root.path, "commit", "-q", "-a", "-m", "Side");
    git(root.path, "checkout", "-q", "main");
    writeFileSync(join(root.path, "f"), "main\n");
    git(root.path, "commit", "-q", "-a", "-m", "Main");
    for (const [what, abort] of [
      ["merge", "--abort"],
      ["cherry-pick", "--abort"],
      ["rebase", "--abort"],
    ] as const) {
      assert.throws(() => git(root.path, what, "side"));
      await refused(root, new RegExp(what));
      git(root.path, what, abort);
      await refuseCommit(root, [repoPath("f")]);
    }
    git(root.path, "bisect", "start");
    await refused(root, /bisection/);
  });

  it("refuses when git does not know who commits", async (t) => {
    const root = makePersonal(t);
    git(root.path, "config", "--unset", "user.name");
    git(root.path, "config", "--unset", "user.email");
    git(root.path, "config", "user.useConfigOnly", "true");
    await refused(root, /who commits/);
  });

  it("refuses what git would not take, and takes what is tracked although a pattern matches it", async (t) => {
    const root = makePersonal(t, { ".gitignore": "*.env\n", f: "1" });
    writeTree(root.path, { "a.env": "1", "b.env": "1" });
    git(root.path, "add", "--force", "b.env");
    git(root.path, "commit", "-q", "-m", "Forced");
    writeTree(root.path, { "x\n hint.env": "1" });
    await refused(root, /ignores.*: x\? hint\.env$/, ["x\n hint.env"]);
    await refused(root, /ignores.*: a\.env$/, ["f", "a.env", "b.env"]);
    await assert.rejects(commitPaths(root, [repoPath("a.env")], "x"), { code: "E_COMMIT", message: /applied/ });
    assert.ok(!git(root.path, "ls-files").includes("a.env"));
    writeFileSync(join(root.path, "b.env"), "2");
    assert.ok(await commit(root, ["b.env"]));
    assert.ok(existsSync(join(root.path, "a.env")));
  });
});
