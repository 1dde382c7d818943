/** A folder that may have been made by anybody: only folders and files, within bounds. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SecretsError } from "../../src/errors.ts";
import { readTree, type TreeBounds } from "../../src/repo/read-tree.ts";

const BOUNDS: TreeBounds = { files: 3, fileSize: 10, totalSize: 15, depth: 2 };

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "secrets-tree-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function refused(path: string, bounds = BOUNDS): Promise<string> {
  try {
    await readTree(path, bounds);
  } catch (error) {
    if (error instanceof SecretsError) return `${error.code} ${error.location?.file}: ${error.message.split(",")[0]}`;
    throw error;
  }
  return "nothing";
}

test("files in the order of their paths, with exact bytes, also by a link to the folder", async (t) => {
  const path = await folder(t);
  await mkdir(join(path, "b/c"), { recursive: true });
  await writeFile(join(path, "b/c/x"), Uint8Array.of(0, 255));
  await writeFile(join(path, "a"), "");
  await symlink(path, `${path}-link`);
  t.after(() => rm(`${path}-link`));
  for (const one of [path, `${path}-link`]) {
    assert.deepEqual(
      (await readTree(one, BOUNDS)).map((file) => [file.path, [...file.bytes]]),
      [
        ["a", []],
        ["b/c/x", [0, 255]],
      ],
    );
  }
});

test("links, pipes and whatever exceeds the bounds are refused, whole", async (t) => {
  const cases: readonly [string, (path: string) => Promise<unknown>, string][] = [
    ["a link to a file", (path) => symlink("/etc/passwd", join(path, "x")), "E_TREE x: this is a link"],
    ["a link to a folder", (path) => symlink("/etc", join(path, "x")), "E_TREE x: this is a link"],
    ["a pipe", async (path) => execFileSync("mkfifo", [join(path, "x")]), "E_TREE x: this is no file"],
    ["a large file", (path) => writeFile(join(path, "x"), "12345678901"), "E_TREE x: this is too large"],
    [
      "much in all",
      async (path) => {
        await writeFile(join(path, "x"), "1234567890");
        await writeFile(join(path, "y"), "123456");
      },
      "E_TREE y: this is too large",
    ],
    [
      "many files",
      (path) => Promise.all(["a", "b", "c", "d"].map((name) => writeFile(join(path, name), ""))),
      "E_TREE d: there are more than 3 files",
    ],
    [
      "depth",
      (path) => mkdir(join(path, "a/b/c"), { recursive: true }),
      "E_TREE a/b/c: folders are nested more than 2 deep",
    ],
    [
      "a name that is no text",
      async (path) => writeFile(Buffer.concat([Buffer.from(`${path}/a`), Buffer.of(0xff)]), ""),
      "E_TREE a\ufffd: this name is not UTF-8",
    ],
  ];
  for (const [name, make, expected] of cases) {
    const path = await folder(t);
    await make(path);
    assert.equal(await refused(path), expected, name);
  }
});

test("a folder that cannot be read is told", async (t) => {
  const path = await folder(t);
  assert.match(await refused(join(path, "none")), /^E_NOT_FOUND/);
});
