import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { findRoot } from "../../src/repo/root.ts";
import { git, makeDirectory, makeGitRoot } from "./fleet.ts";

it("finds the top of a work tree where git finds it: from a subdirectory, in a linked work tree, in a submodule", async (t) => {
  const { path } = makeGitRoot(t, { "a/b/file": "x" });
  git(path, "add", ".");
  git(path, "commit", "-qm", "one");
  const other = join(makeDirectory(t), "linked");
  git(path, "worktree", "add", "-q", other);
  const host = makeGitRoot(t).path;
  git(host, "submodule", "add", "-q", path, "sub");
  for (const start of [path, join(path, "a/b"), other, join(other, "a"), host, join(host, "sub/a")]) {
    const root = await findRoot(start);
    const ask = (...args: string[]) => git(start, "rev-parse", "--path-format=absolute", ...args).trim();
    assert.equal(root.path, ask("--show-toplevel"), start);
    assert.equal(root.git, ask("--git-dir"), start);
    assert.equal(root.state, ask("--git-path", "secrets"), start);
  }
});

it("goes by the fleet's own marks where there is no git, and keeps its state out of the fleet", async (t) => {
  for (const mark of [".sops.yaml", "sops", "vars"]) {
    const path = makeDirectory(t);
    mkdirSync(join(path, "deep/er"), { recursive: true });
    if (mark.startsWith(".")) writeFileSync(join(path, mark), "");
    else mkdirSync(join(path, mark));
    const root = await findRoot(join(path, "deep/er"), { XDG_STATE_HOME: "/state", HOME: "/home/x" });
    assert.equal(root.path, path);
    assert.equal(root.git, undefined);
    assert.match(root.state, /^\/state\/secrets\/[0-9a-f]{16}$/);
    const relative = await findRoot(path, { XDG_STATE_HOME: "state", HOME: "/home/x" });
    assert.match(relative.state, /^\/home\/x\/\.local\/state\/secrets\//);
  }
});

it("prefers the git work tree to a mark in a subdirectory of it", async (t) => {
  const { path } = makeGitRoot(t, { "sub/.sops.yaml": "" });
  assert.equal((await findRoot(join(path, "sub"))).path, path);
});

it("resolves links on the way, and takes no empty or dangling .git for a repository", async (t) => {
  const { path } = makeGitRoot(t, { "a/.git/nothing": "", "a/b/.git": "gitdir: /nowhere\n" });
  const place = makeDirectory(t);
  symlinkSync(join(path, "a/b"), join(place, "link"));
  assert.equal((await findRoot(join(place, "link"))).path, path);
});

it("says so when there is no fleet, or no such directory", async (t) => {
  const path = makeDirectory(t);
  await assert.rejects(findRoot(path), { code: "E_NO_FLEET" });
  await assert.rejects(findRoot(join(path, "missing")), { code: "E_NOT_FOUND" });
});
