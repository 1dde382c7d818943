import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/repo/program.ts";
import { readOutside } from "../../src/repo/read-outside.ts";
import { temporaryDirectory } from "../cli/harness.ts";

test("up to the bound a file is read whole, and beyond it not at all", async (t) => {
  const path = join(await temporaryDirectory(t), "file");
  for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
    await writeFile(path, Buffer.alloc(size, "a"));
    assert.equal((await readOutside(path, 200_000)).length, size);
  }
  await writeFile(path, Buffer.alloc(200_001, "a"));
  await assert.rejects(readOutside(path, 200_000), { code: "E_KEY_FILE", message: /too large/ });
  await assert.rejects(readOutside("/dev/zero", 10), { code: "E_KEY_FILE", message: /no file/ });
  await assert.rejects(readOutside(join(path, ".."), 10), { code: "E_KEY_FILE", message: /folder/ });
});

test("a pipe that nobody writes to is refused at once; one that a shell feeds is read", async (t) => {
  const folder = await temporaryDirectory(t);
  await run(["mkfifo", join(folder, "pipe")]);
  await assert.rejects(readOutside(join(folder, "pipe"), 10), { code: "E_KEY_FILE", message: /no file/ });
  const reader = join(folder, "reader.ts");
  const source = new URL("../../src/repo/read-outside.ts", import.meta.url);
  await writeFile(
    reader,
    `import { readOutside } from "${source}"; console.log(String(await readOutside("/dev/stdin", 99)));`,
  );
  // As a shell feeds <(command): a real pipe, which Node does not give its children.
  const { stdout } = await run(["sh", "-c", '(sleep 0.1; echo fed) | "$0" "$1"', process.execPath, reader]);
  assert.equal(Buffer.from(stdout).toString().trim(), "fed");
});
