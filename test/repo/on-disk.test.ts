import assert from "node:assert/strict";
import { mkdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { listOnDisk } from "../../src/repo/on-disk.ts";
import { run } from "../../src/repo/program.ts";
import { findRoot } from "../../src/repo/root.ts";
import { stampOf } from "../../src/repo/stamp.ts";
import { readStateFile, writeStateFile } from "../../src/repo/state-file.ts";
import { temporaryDirectory } from "../cli/harness.ts";

test("tracked files are listed as they are now, untracked ones beside them", async (t) => {
  const path = await temporaryDirectory(t);
  await run(["git", "init", "-q"], { cwd: path });
  for (const name of ["a", "gone", "was-file", "folder"]) writeFileSync(join(path, name), "x");
  await run(["git", "add", "-A"], { cwd: path });
  rmSync(join(path, "gone"));
  rmSync(join(path, "was-file"));
  symlinkSync("a", join(path, "was-file"));
  rmSync(join(path, "folder"));
  mkdirSync(join(path, "folder"));
  writeFileSync(join(path, "folder/new"), "x");
  const { files } = await listOnDisk(await findRoot(path));
  assert.deepEqual(
    files.map((file) => [file.path, file.kind, file.tracked]),
    [
      ["a", "file", true],
      ["folder/new", "file", false],
      ["was-file", "link", true],
    ],
  );
});

test("a stamp is given only to what has been still for a while, and changes with the file", async (t) => {
  const path = join(await temporaryDirectory(t), "file");
  writeFileSync(path, "one");
  assert.equal(stampOf(statSync(path)), undefined, "it has just been written");
  const old = { ...statSync(path), isFile: () => true, isSymbolicLink: () => false };
  const still = { ...old, mtimeMs: old.mtimeMs - 60_000, ctimeMs: old.ctimeMs - 60_000 } as ReturnType<typeof statSync>;
  const stamp = stampOf(still as never);
  assert.notEqual(stamp, undefined);
  for (const change of [{ size: 4 }, { mtimeMs: 1 }, { ctimeMs: 1 }, { ino: 1 }, { mode: 0o100755 }]) {
    assert.notEqual(stampOf({ ...still, ...change } as never), stamp, JSON.stringify(change));
  }
  assert.equal(stampOf({ ...still, mtimeMs: Date.now() + 60_000 } as never), undefined, "a time in the future");
  // A date that was set back does not make a file old: the other time tells.
  utimesSync(path, 1, 1);
  assert.equal(stampOf(statSync(path)), undefined);
});

test("a state file that others can write is not read", async (t) => {
  const path = await temporaryDirectory(t);
  await run(["git", "init", "-q"], { cwd: path });
  const root = await findRoot(path);
  assert.equal(readStateFile(root, "facts.json"), undefined);
  writeStateFile(root, "facts.json", Buffer.from("x"));
  assert.equal(Buffer.from(readStateFile(root, "facts.json") ?? []).toString(), "x");
  assert.equal(statSync(join(root.state, "facts.json")).mode & 0o777, 0o600);
  const { chmodSync } = await import("node:fs");
  chmodSync(join(root.state, "facts.json"), 0o666);
  assert.equal(readStateFile(root, "facts.json"), undefined);
  rmSync(join(root.state, "facts.json"));
  symlinkSync("/etc/passwd", join(root.state, "facts.json"));
  assert.equal(readStateFile(root, "facts.json"), undefined);
});
