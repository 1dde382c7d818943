import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { contentHash, type FileChange } from "../../src/repo/change.ts";
import { takeLock } from "../../src/repo/lock.ts";
import { repoPath } from "../../src/repo/path.ts";
import { recover } from "../../src/repo/recovery.ts";
import type { Root } from "../../src/repo/root.ts";
import { applyChanges } from "../../src/repo/transaction.ts";
import { makeRoot, readTree } from "./fleet.ts";

const BEFORE = { a: "old a", b: "old b", "gone/c": "old c", link: "-> a" };
const AFTER = { a: "new a", b: "new b", link: "-> b", "made/d": "new d" };
const hash = (text: string) => contentHash(Buffer.from(text));
const CHANGES: readonly FileChange[] = [
  { kind: "write", path: repoPath("a"), bytes: Buffer.from("new a"), expect: hash("old a") },
  { kind: "write", path: repoPath("b"), bytes: Buffer.from("new b"), expect: hash("old b") },
  { kind: "write", path: repoPath("made/d"), bytes: Buffer.from("new d"), expect: "absent" },
  { kind: "link", path: repoPath("link"), target: "b", expect: "link:a" },
  { kind: "remove", path: repoPath("gone/c"), expect: hash("old c") },
];

/**
 * A repository as a run leaves it that was killed after the commit point.
 * @param moved what is in place already, by index of the changes
 */
async function makeInterrupted(t: TestContext, moved: readonly number[], direction = "apply"): Promise<Root> {
  const done = makeRoot(t, BEFORE);
  await applyChanges(done, CHANGES, { command: "secrets sync" });
  const root = makeRoot(t, {});
  mkdirSync(root.state);
  const transaction = join(root.state, "transaction");
  renameSync(join(done.state, "last"), transaction);
  mkdirSync(join(transaction, "new"));
  const record: { staging: string } = JSON.parse(readFileSync(join(transaction, "apply.json"), "utf8"));
  record.staging = join(transaction, "new");
  renameSync(join(transaction, "apply.json"), join(transaction, `${direction}.json`));
  writeFileSync(join(transaction, `${direction}.json`), JSON.stringify(record));
  for (const [index, change] of CHANGES.entries()) {
    const before = (BEFORE as Record<string, string>)[change.path];
    const staged = moved.includes(index) ? join(root.path, change.path) : join(transaction, "new", String(index));
    if (moved.includes(index)) mkdirSync(join(root.path, change.path, ".."), { recursive: true });
    if (change.kind === "write") writeFileSync(staged, change.bytes);
    if (change.kind === "link") symlinkSync(change.target, staged);
    if (moved.includes(index) || before === undefined) continue;
    mkdirSync(join(root.path, change.path, ".."), { recursive: true });
    if (before.startsWith("-> ")) symlinkSync(before.slice(3), join(root.path, change.path));
    else writeFileSync(join(root.path, change.path), before);
  }
  return root;
}

describe("recover", () => {
  for (const moved of [[], [0], [0, 2, 4], [0, 1, 2, 3, 4], [3]]) {
    it(`finishes what was committed, with ${moved.length} of 5 in place`, async (t) => {
      const root = await makeInterrupted(t, moved);
      assert.deepEqual(await recover(root), { outcome: "finished", command: "secrets sync", left: [] });
      assert.deepEqual(readTree(root.path), AFTER);
      assert.deepEqual(readdirSync(root.state), ["last"]);
      assert.equal((await recover(root)).outcome, "clean");
    });

    it(`takes back what was being taken back, with ${moved.length} of 5 in place`, async (t) => {
      const root = await makeInterrupted(t, moved, "undo");
      assert.deepEqual(await recover(root), { outcome: "undone", command: "secrets sync", left: [] });
      assert.deepEqual(readTree(root.path), BEFORE);
      assert.deepEqual(readdirSync(root.state), []);
    });
  }

  it("removes what a run staged that never came to its commit point", async (t) => {
    const root = makeRoot(t, BEFORE);
    mkdirSync(join(root.state, "transaction/new"), { recursive: true });
    writeFileSync(join(root.state, "transaction/apply.json.draft"), "{");
    assert.equal((await recover(root)).outcome, "undone");
    assert.deepEqual(readTree(root.path), BEFORE);
    assert.deepEqual(readdirSync(root.state), []);
  });

  it("takes back a directory that was made when the one to be made in it could not be", async (t) => {
    const done = makeRoot(t, { a: "1" });
    const change = { kind: "link", path: repoPath("x/y/z/link"), target: "../../../a", expect: "absent" } as const;
    await applyChanges(done, [change], { command: "secrets sync" });
    const root = makeRoot(t, { a: "1" });
    mkdirSync(root.state);
    renameSync(join(done.state, "last"), join(root.state, "transaction"));
    renameSync(join(root.state, "transaction/apply.json"), join(root.state, "transaction/undo.json"));
    mkdirSync(join(root.path, "x"));
    assert.equal((await recover(root)).outcome, "undone");
    assert.deepEqual(readTree(root.path), { a: "1" });
  });

  it("takes everything back but a file that somebody wrote meanwhile, and names it", async (t) => {
    const root = await makeInterrupted(t, [0, 2]);
    writeFileSync(join(root.path, "b"), "theirs");
    assert.deepEqual(await recover(root), { outcome: "undone", command: "secrets sync", left: ["b"] });
    assert.deepEqual(readTree(root.path), { ...BEFORE, b: "theirs" });
  });

  it("does not overwrite what came into being where a file was to be made", async (t) => {
    const root = await makeInterrupted(t, [0]);
    mkdirSync(join(root.path, "made"));
    writeFileSync(join(root.path, "made/d"), "theirs");
    assert.deepEqual((await recover(root)).left, ["made/d"]);
    assert.deepEqual(readTree(root.path), { ...BEFORE, "made/d": "theirs" });
  });

  it("does not remove or write through a directory that became a link meanwhile", async (t) => {
    const root = await makeInterrupted(t, [0]);
    renameSync(join(root.path, "gone"), join(root.path, "kept"));
    symlinkSync("kept", join(root.path, "gone"));
    symlinkSync("kept", join(root.path, "made"));
    await recover(root);
    assert.deepEqual(readTree(root.path)["kept/c"], "old c");
    assert.deepEqual(
      Object.keys(readTree(root.path)).filter((path) => path.startsWith("kept")),
      ["kept/c"],
    );
  });

  it("is done by whoever writes next, before anything else", async (t) => {
    const root = await makeInterrupted(t, [0]);
    const next: FileChange = { kind: "write", path: repoPath("a"), bytes: Buffer.from("3"), expect: hash("new a") };
    await applyChanges(root, [next], { command: "next" });
    assert.deepEqual(readTree(root.path), { ...AFTER, a: "3" });
  });

  it("leaves a run alone that is not dead", async (t) => {
    const root = await makeInterrupted(t, [0]);
    const lock = takeLock(root, "secrets sync");
    await assert.rejects(recover(root), { code: "E_LOCKED", kind: "conflict" });
    lock.release();
    assert.equal((await recover(root)).outcome, "finished");
  });

  it("stops, changing nothing, at a record that it does not understand or that leads elsewhere", async (t) => {
    const entry = (path: string) => ({ path, before: { kind: "absent" }, after: { kind: "link", target: "x" } });
    const valid = { version: 1, command: "", time: "", staging: "/", entries: [] };
    for (const record of [
      "",
      "{",
      "[]",
      "null",
      { ...valid, version: 2 },
      { ...valid, entries: [entry("../x")] },
      { ...valid, entries: [entry(".git/hooks/x")] },
      { ...valid, entries: [{ path: "a" }] },
    ]) {
      const root = makeRoot(t, BEFORE);
      mkdirSync(join(root.state, "transaction"), { recursive: true });
      const text = typeof record === "string" ? record : JSON.stringify(record);
      writeFileSync(join(root.state, "transaction/apply.json"), text);
      await assert.rejects(recover(root), { code: "E_JOURNAL", kind: "recovery" }, text);
      await assert.rejects(applyChanges(root, CHANGES, { command: "x" }), { code: "E_JOURNAL" });
      assert.deepEqual(readTree(root.path), BEFORE);
    }
  });

  it("removes no directory that only the record calls staging", async (t) => {
    const root = makeRoot(t, { "precious/x": "1" });
    mkdirSync(join(root.state, "transaction"), { recursive: true });
    for (const staging of [join(root.path, "precious"), join(root.path, ".secrets-staging-/../precious")]) {
      const record = { version: 1, command: "", time: "", staging, entries: [] };
      mkdirSync(join(root.state, "transaction"), { recursive: true });
      writeFileSync(join(root.state, "transaction/apply.json"), JSON.stringify(record));
      await recover(root);
      assert.deepEqual(readTree(root.path), { "precious/x": "1" });
    }
  });
});

it("Ctrl-C and other signals leave the tree wholly before or wholly after, and nothing staged", async (t) => {
  const source = (name: string) => JSON.stringify(new URL(`../../src/repo/${name}`, import.meta.url).href);
  const names = Array.from({ length: 400 }, (_, index) => `f${index}`);
  for (const [signal, delay] of [
    ["SIGINT", 0],
    ["SIGINT", 15],
    ["SIGTERM", 40],
    ["SIGHUP", 120],
  ] as const) {
    const root = makeRoot(t, Object.fromEntries(names.map((name) => [name, "old"])));
    const code = `
import { contentHash } from ${source("change.ts")};
import { applyChanges } from ${source("transaction.ts")};
const [, root, names] = process.argv.map((text, index) => (index > 0 ? JSON.parse(text) : text));
const changes = names.map((path) => ({ kind: "write", path, bytes: Buffer.from("new"), expect: contentHash(Buffer.from("old")) }));
process.stdout.write("ready");
await applyChanges(root, changes, { command: "test" });`;
    const child = spawn(
      process.execPath,
      ["--input-type=module", "-e", code, JSON.stringify(root), JSON.stringify(names)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const exit = once(child, "exit");
    await once(child.stdout, "data");
    setTimeout(() => child.kill(signal), delay);
    const [status, ended] = await exit;
    const texts = new Set(Object.values(readTree(root.path)));
    assert.equal(texts.size, 1, `${signal} ${delay}`);
    assert.ok(ended === signal || status === 0, `${status} ${ended}`);
    if (existsSync(root.state))
      assert.ok(
        readdirSync(root.state).every((name) => name === "last"),
        `${signal} ${delay}`,
      );
  }
});
