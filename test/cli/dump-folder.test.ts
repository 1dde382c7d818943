/** A folder of values in clear is there whole, or nothing of it is. */
import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Context } from "../../src/cli/context.ts";
import { dumpFolder } from "../../src/cli/dump-folder.ts";
import { SecretsError } from "../../src/errors.ts";
import { temporaryDirectory } from "./harness.ts";

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof SecretsError) return error.code;
    throw error;
  }
  return "nothing";
}

const file = (path: string) => ({ path, bytes: Buffer.from("canary") });

test("what cannot be written whole leaves nothing, not even under another name", async (t) => {
  const directory = await temporaryDirectory(t);
  const context = { directory } as Context;
  const folder = await dumpFolder(context, join(directory, "fleet"), "dump");
  // A file where a folder has to be.
  assert.equal(await codeOf(folder.write([file("a/b"), file("a/b/c")])), "E_IO");
  assert.deepEqual(await readdir(directory), []);
  // Whoever was quicker is heard of, and keeps what is theirs.
  await mkdir(folder.path);
  assert.equal(await codeOf(folder.write([file("a/b")])), "E_EXISTS");
  assert.deepEqual(await readdir(directory, { recursive: true }), ["dump"]);
});

test("whole it is there, and no trace of how it came", async (t) => {
  const directory = await temporaryDirectory(t);
  const folder = await dumpFolder({ directory } as Context, join(directory, "fleet"), "dump");
  await folder.write([file("a/b"), file("a/c/d")]);
  assert.deepEqual((await readdir(directory, { recursive: true })).sort(), [
    "dump",
    "dump/a",
    "dump/a/b",
    "dump/a/c",
    "dump/a/c/d",
  ]);
  assert.equal(await codeOf(dumpFolder({ directory } as Context, join(directory, "fleet"), "dump")), "E_EXISTS");
});
