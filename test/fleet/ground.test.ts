import assert from "node:assert/strict";
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { stagedTree, workTree } from "../../src/fleet/ground.ts";
import { run } from "../../src/repo/program.ts";
import { temporaryDirectory } from "../cli/harness.ts";

async function git(root: string, ...argv: string[]): Promise<void> {
  const { code, stderr } = await run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", ...argv], {
    cwd: root,
  });
  assert.equal(code, 0, stderr);
}

async function repository(t: TestContext): Promise<string> {
  const root = await temporaryDirectory(t);
  await git(root, "init", "-q");
  return root;
}

test("a work tree lists tracked and new files, and not the ignored ones", async (t) => {
  const root = await repository(t);
  await mkdir(join(root, "sub"));
  await writeFile(join(root, ".gitignore"), "ignored\n");
  for (const name of ["a\nb", "sub/-rf", "ignored", "ünï"]) await writeFile(join(root, name), "x");
  await symlink("a", join(root, "link"));
  await git(root, "add", "-A");
  await writeFile(join(root, "new"), "x");
  await chmod(join(root, "new"), 0o755);
  const ground = await workTree(join(root, "sub"), "test");
  assert.deepEqual(
    (await ground.list()).map(({ path, kind, tracked, executable }) => [path, kind, tracked, executable]),
    [
      [".gitignore", "file", true, false],
      ["a\nb", "file", true, false],
      ["link", "link", true, false],
      ["new", "file", false, false],
      ["sub/-rf", "file", true, false],
      ["ünï", "file", true, false],
    ],
  );
  assert.equal(await ground.readLink("link"), "a");
});

test("the index is read as it would be committed, whatever the work tree says", async (t) => {
  const root = await repository(t);
  await mkdir(join(root, "d"));
  await writeFile(join(root, "d/file"), "staged");
  await symlink("file", join(root, "d/link"));
  await git(root, "add", "-A");
  await writeFile(join(root, "d/file"), "changed since");
  await rm(join(root, "d/link"));
  const ground = await stagedTree(root);
  assert.equal(Buffer.from(await ground.read("d/file")).toString(), "staged");
  assert.equal(await ground.readLink("d/link"), "file");
  assert.equal(await ground.kind("d"), "directory");
  assert.equal(await ground.kind("nothing"), "missing");
  await assert.rejects(ground.read("nothing"), { code: "E_NOT_FOUND" });
});

test("a linked work tree is a fleet of its own", async (t) => {
  const root = await repository(t);
  await writeFile(join(root, "file"), "x");
  await git(root, "add", "-A");
  await git(root, "commit", "-qm", "x");
  const other = await temporaryDirectory(t);
  await git(root, "worktree", "add", "-q", join(other, "tree"));
  assert.deepEqual(
    (await (await workTree(join(other, "tree"), "test")).list()).map((file) => file.path),
    ["file"],
  );
});

test("a fleet without git is walked", async (t) => {
  const root = await temporaryDirectory(t);
  await mkdir(join(root, "vars/shared"), { recursive: true });
  await writeFile(join(root, "vars/shared/x"), "x");
  const ground = await workTree(join(root, "vars/shared"), "test");
  assert.deepEqual(
    (await ground.list()).map((file) => file.path),
    ["vars/shared/x"],
  );
  await assert.rejects(stagedTree(root), { code: "E_GIT", kind: "usage" });
});

test("a directory that is no fleet says what to do", async (t) => {
  const root = await temporaryDirectory(t);
  await assert.rejects(workTree(root, "test"), { code: "E_NO_FLEET" });
  await assert.rejects(workTree(join(root, "missing"), "test"), { code: "E_NOT_FOUND" });
});

test("a repository's own configuration runs nothing through us", async (t) => {
  const root = await repository(t);
  await writeFile(join(root, "file"), "x");
  await git(root, "add", "-A");
  await git(root, "config", "core.fsmonitor", `touch ${join(root, "ran")}`);
  await git(root, "config", "alias.ls-files", `!touch ${join(root, "ran")}`);
  const ground = await workTree(root, "test");
  assert.deepEqual(
    (await ground.list()).map((file) => file.path),
    ["file"],
  );
});

test("a work tree is listed as it is on disk, whatever the index holds", async (t) => {
  const root = await repository(t);
  for (const name of ["gone", "file", "folder"]) await writeFile(join(root, name), "x");
  await symlink("file", join(root, "link"));
  await git(root, "add", "-A");
  await rm(join(root, "gone"));
  await rm(join(root, "link"));
  await writeFile(join(root, "link"), "a file now");
  await rm(join(root, "file"));
  await symlink("link", join(root, "file"));
  await rm(join(root, "folder"));
  await mkdir(join(root, "folder"));
  await writeFile(join(root, "folder/new"), "x");
  const list = (await (await workTree(root, "test")).list()).map(({ path, kind }) => [path, kind]);
  assert.deepEqual(list, [
    ["file", "link"],
    ["folder/new", "file"],
    ["link", "file"],
  ]);
  const staged = (await (await stagedTree(root)).list()).map(({ path, kind }) => [path, kind]);
  assert.deepEqual(staged, [
    ["file", "file"],
    ["folder", "file"],
    ["gone", "file"],
    ["link", "link"],
  ]);
});

test("a folder that cannot be entered does not end the listing", {
  skip: process.getuid?.() === 0 && "root may enter everything",
}, async (t) => {
  const root = await repository(t);
  await mkdir(join(root, "locked"));
  await writeFile(join(root, "locked/file"), "x");
  await git(root, "add", "-A");
  await chmod(join(root, "locked"), 0);
  t.after(() => chmod(join(root, "locked"), 0o755));
  const ground = await workTree(root, "test");
  assert.deepEqual(
    (await ground.list()).map(({ path }) => path),
    ["locked/file"],
  );
  await assert.rejects(ground.read("locked/file"), { code: "E_NO_PERMISSION" });
});
