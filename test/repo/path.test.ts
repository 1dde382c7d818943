import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { assertInside, kindOf, readLinkText, repoPath } from "../../src/repo/path.ts";
import { readRepoFile } from "../../src/repo/read.ts";
import { temporaryDirectory } from "../cli/harness.ts";

for (const bad of [
  "",
  "/etc/passwd",
  "../x",
  "a/../../x",
  "a//b",
  "./a",
  "a\0b",
  ".git/config",
  ".GIT/config",
  "a\\b",
]) {
  test(`${JSON.stringify(bad)} is no path inside a repository`, () => {
    assert.throws(() => repoPath(bad), { code: "E_PATH" });
  });
}

for (const good of ["a", "a/b", "-rf", "…", ".gitignore", "vars/m/s/keys/db.key/secret"]) {
  test(`${JSON.stringify(good)} is one`, () => assert.equal(repoPath(good), good));
}

test("a file is read, a link inside is followed, and every way out is refused", async (t) => {
  const base = await temporaryDirectory(t);
  const root = join(base, "repo");
  await mkdir(join(root, "inside"), { recursive: true });
  await mkdir(join(root, ".git"));
  await writeFile(join(base, "secret"), "outside");
  await writeFile(join(root, ".git", "config"), "x");
  await writeFile(join(root, "inside", "file"), "content");
  await symlink("inside/file", join(root, "good"));
  await symlink("../secret", join(root, "out"));
  await symlink("..", join(root, "up"));
  await symlink(".git/config", join(root, "git"));
  await symlink("nowhere", join(root, "dangling"));
  await symlink("loop", join(root, "loop"));
  await symlink("../nowhere", join(root, "danglingParent"));

  const read = async (path: string) => Buffer.from(await readRepoFile(root, repoPath(path))).toString();
  assert.equal(await read("inside/file"), "content");
  assert.equal(await read("good"), "content");
  for (const path of ["out", "up/secret", "git", "danglingParent/x"]) {
    await assert.rejects(read(path), { code: "E_OUTSIDE" }, path);
  }
  await assert.rejects(assertInside(root, repoPath("up/new/file")), { code: "E_OUTSIDE" });
  await assert.rejects(read("dangling"), { code: "E_FILE_MISSING" });
  await assert.rejects(read("loop"), { code: "E_FILE_MISSING" });
  await assert.rejects(read("inside"), { code: "E_NOT_A_FILE" });
  await assert.rejects(read("missing"), { code: "E_FILE_MISSING" });
  await assertInside(root, repoPath("inside/not/yet/there"));
  assert.equal(await readLinkText(root, repoPath("out")), "../secret");
  assert.equal(await kindOf(root, repoPath("out")), "link");
  assert.equal(await kindOf(root, repoPath("inside")), "directory");
});
