import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { repoPath } from "../../src/repo/path.ts";
import { kindOf, readLinkTarget, readRepoFile } from "../../src/repo/read.ts";
import { makeDirectory, makeRoot } from "./fleet.ts";

it("reads what lies inside, also through links that stay inside", async (t) => {
  const root = makeRoot(t, { "a/b/c": "text", link: "-> a/b/c", dir: "-> a", "a/empty": "" });
  for (const path of ["a/b/c", "link", "dir/b/c"]) {
    assert.equal(Buffer.from(await readRepoFile(root, repoPath(path))).toString(), "text", path);
  }
  assert.equal((await readRepoFile(root, repoPath("a/empty"))).length, 0);
});

it("refuses what a link brings in from outside, from .git, or from a loop", async (t) => {
  const outside = makeDirectory(t);
  writeFileSync(join(outside, "secret"), "outside");
  const root = makeRoot(t, {
    file: `-> ${outside}/secret`,
    dir: `-> ${outside}`,
    up: "-> ../../../../../../../../etc/hostname",
    indirect: "-> dir/secret",
    internals: "-> .git/HEAD",
    gitdir: "-> .git",
    loop: "-> loop",
    // A prefix of the root's name is not the root.
    sibling: `-> ${outside}`,
  });
  for (const path of ["file", "dir/secret", "indirect", "internals", "gitdir/HEAD", "sibling/secret"]) {
    await assert.rejects(readRepoFile(root, repoPath(path)), { code: "E_PATH_ESCAPES" }, path);
  }
  for (const path of ["dir/secret", "gitdir/HEAD"]) {
    await assert.rejects(kindOf(root, repoPath(path)), { code: "E_PATH_ESCAPES" }, path);
    await assert.rejects(readLinkTarget(root, repoPath(path)), { code: "E_PATH_ESCAPES" }, path);
  }
  await assert.rejects(readRepoFile(root, repoPath("loop")), { code: "E_IO" });
});

it("refuses directories and pipes without waiting for anybody, and too large files without reading them", async (t) => {
  const root = makeRoot(t, { "d/x": "", large: "x".repeat(101) });
  execFileSync("mkfifo", [join(root.path, "pipe")]);
  for (const path of ["d", "pipe"]) await assert.rejects(readRepoFile(root, repoPath(path)), { code: "E_NOT_A_FILE" });
  await assert.rejects(readRepoFile(root, repoPath("large"), { maxBytes: 100 }), { code: "E_TOO_LARGE" });
  assert.equal((await readRepoFile(root, repoPath("large"), { maxBytes: 101 })).length, 101);
  await assert.rejects(readRepoFile(root, repoPath("none/x")), { code: "E_NOT_FOUND", location: { file: "none/x" } });
});

it("tells what is at a path, and the text of a link as it is", async (t) => {
  const root = makeRoot(t, { f: "", "d/x": "", gone: "-> nowhere", out: "-> /etc", loop: "-> loop" });
  execFileSync("mkfifo", [join(root.path, "pipe")]);
  const kinds = {
    f: "file",
    d: "directory",
    gone: "link",
    out: "link",
    loop: "link",
    pipe: "other",
    no: "absent",
    "f/x": "absent",
    "no/x": "absent",
  };
  for (const [path, kind] of Object.entries(kinds)) assert.equal(await kindOf(root, repoPath(path)), kind, path);
  const targets = {
    gone: "nowhere",
    out: "/etc",
    loop: "loop",
    f: undefined,
    d: undefined,
    no: undefined,
    "no/x": undefined,
  };
  for (const [path, target] of Object.entries(targets))
    assert.equal(await readLinkTarget(root, repoPath(path)), target, path);
});

it("says whose fault it is when a file may not be read", {
  skip: process.getuid?.() === 0 && "root may read everything",
}, async (t) => {
  const root = makeRoot(t, { f: "" });
  chmodSync(join(root.path, "f"), 0);
  await assert.rejects(readRepoFile(root, repoPath("f")), { code: "E_NO_PERMISSION" });
});
