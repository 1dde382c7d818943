import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readAhead } from "../../src/fleet/read-ahead.ts";
import { type ListedFile, listFiles } from "../../src/repo/git.ts";
import { run } from "../../src/repo/program.ts";
import { findRoot, type Root } from "../../src/repo/root.ts";
import { temporaryDirectory } from "../cli/harness.ts";

/** Files `0`, `1`, … of these sizes, each filled with its own digit. */
async function indexed(
  t: TestContext,
  sizes: readonly number[],
): Promise<{ root: Root; files: readonly ListedFile[] }> {
  const path = await temporaryDirectory(t);
  for (const [i, size] of sizes.entries()) await writeFile(join(path, String(i)), String(i).repeat(size));
  for (const argv of [
    ["init", "-q"],
    ["add", "-A"],
  ]) {
    assert.equal((await run(["git", ...argv], { cwd: path })).code, 0);
  }
  const root = await findRoot(path);
  return { root, files: (await listFiles(root)).files };
}

test("every file has its own content, in whatever order and however little is kept", async (t) => {
  const { root, files } = await indexed(t, [10, 0, 300_000, 20, 30, 40]);
  for (const window of [0, 25, 1000, undefined]) {
    const read = readAhead(root, files, window);
    for (const index of [0, 1, 2, 3, 4, 5, 5, 0, 3, 2]) {
      const file = files[index] as ListedFile;
      const text = Buffer.from(await read(file)).toString();
      assert.equal(text, String(index).repeat([10, 0, 300_000, 20, 30, 40][index] ?? 0));
    }
  }
});

test("no more is kept than the window holds, and one file", async (t) => {
  const { root, files } = await indexed(t, [100_000, 100_000, 100_000, 100_000]);
  const size = async (window: number | undefined) => {
    const read = readAhead(root, files, window);
    const first = await read(files[0] as ListedFile);
    const second = await read(files[1] as ListedFile);
    const third = await read(files[2] as ListedFile);
    // What was read in one go lies in one piece of memory.
    return [
      first.buffer === second.buffer,
      second.buffer === third.buffer,
      (await read(files[0] as ListedFile)) === first,
    ];
  };
  assert.deepEqual(await size(undefined), [true, true, true]);
  assert.deepEqual(await size(150_000), [true, false, false]);
});

test("many who ask at once are each given theirs, also after one was refused", async (t) => {
  const { root, files } = await indexed(t, [10, 20, 30, 40]);
  const gone = { ...(files[0] as ListedFile), blob: "1".repeat(40) };
  const read = readAhead(root, [...files, gone], 25);
  const asked = await Promise.allSettled([gone, ...files].map(read));
  assert.deepEqual(
    asked.map((one) => (one.status === "fulfilled" ? one.value.length : one.status)),
    ["rejected", 10, 20, 30, 40],
  );
});

test("an object that is not in this clone is told with its path", async (t) => {
  const { root, files } = await indexed(t, [10]);
  const gone = { ...(files[0] as ListedFile), blob: "1".repeat(40) };
  await assert.rejects(readAhead(root, [gone])(gone), { code: "E_TOO_LARGE", location: { file: "0" } });
});
