import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { removeTree } from "../../src/repo/remove-tree.ts";
import { temporaryDirectory } from "../cli/harness.ts";

const NOBODY = 65534;

/** Whoever is root may look into everything, and finds out nothing. */
function asSomebody(work: () => void): void {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(NOBODY);
  try {
    work();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

test("a folder goes with what a program has closed in it, and what links lead to stays", async (t) => {
  const base = await temporaryDirectory(t);
  const kept = join(base, "kept");
  mkdirSync(kept);
  writeFileSync(join(kept, "file"), "");
  chmodSync(base, 0o777);
  if (process.geteuid?.() === 0) chownSync(base, NOBODY, NOBODY);
  asSomebody(() => {
    mkdirSync(join(base, "tree/a/b"), { recursive: true });
    writeFileSync(join(base, "tree/a/b/plain"), "text");
    symlinkSync(kept, join(base, "tree/a/link"));
    chmodSync(join(base, "tree/a/b"), 0o000);
    chmodSync(join(base, "tree/a"), 0o000);
    removeTree(join(base, "tree"));
    removeTree(join(base, "tree"));
  });
  assert.equal(existsSync(join(base, "tree")), false);
  assert.equal(existsSync(join(kept, "file")), true);
});
