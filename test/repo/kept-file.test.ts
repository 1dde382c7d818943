import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { hasKeptFile, readKeptFile, updateKeptFile } from "../../src/repo/kept-file.ts";
import { findRoot } from "../../src/repo/root.ts";
import { git, makeDirectory, makeGitRoot, makeRoot } from "./fleet.ts";

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes).toString());
const bytes = (content: string) => new Uint8Array(Buffer.from(content));

it("keeps what is given, for its user alone, and leaves nothing else behind", async (t) => {
  const root = makeRoot(t);
  assert.equal(readKeptFile(root, "kept"), undefined);
  assert.equal(hasKeptFile(root, "kept"), false);
  await updateKeptFile(root, "kept", (now) => bytes(`${text(now)}`));
  await updateKeptFile(root, "kept", (now) => bytes(`${text(now)} 2`));
  assert.equal(text(readKeptFile(root, "kept")), "undefined 2");
  assert.equal(hasKeptFile(root, "kept"), true);
  assert.equal(statSync(join(root.state, "kept")).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(root.state).sort(), ["kept", "kept.lock"]);
  assert.deepEqual(readdirSync(join(root.state, "kept.lock")), []);
});

it("keeps what was there when the change fails", async (t) => {
  const root = makeRoot(t);
  await updateKeptFile(root, "kept", () => bytes("1"));
  const fail = () => assert.fail("no");
  await assert.rejects(updateKeptFile(root, "kept", fail));
  assert.equal(text(readKeptFile(root, "kept")), "1");
  await updateKeptFile(root, "kept", () => bytes("2"));
  assert.deepEqual(readdirSync(root.state).sort(), ["kept", "kept.lock"]);
});

it("loses no update of several at one time", async (t) => {
  const root = makeRoot(t);
  const add = (now: Uint8Array | undefined) => bytes(String(Number(text(now) ?? "0") + 1));
  await Promise.all(Array.from({ length: 20 }, () => updateKeptFile(root, "kept", add)));
  assert.equal(text(readKeptFile(root, "kept")), "20");
});

it("takes a file that cannot be relied upon for an error, never for none", async (t) => {
  const root = makeRoot(t);
  const path = join(root.state, "kept");
  const refused = async (code: string) => {
    assert.throws(() => readKeptFile(root, "kept"), { code });
    await assert.rejects(
      updateKeptFile(root, "kept", () => bytes("x")),
      { code },
    );
  };
  mkdirSync(root.state);
  symlinkSync("/nowhere", path);
  await refused("E_STATE_FILE");
  rmSync(path);
  mkdirSync(path);
  await refused("E_STATE_FILE");
  rmSync(path, { recursive: true });
  writeFileSync(path, "1");
  chmodSync(path, 0o666);
  await refused("E_STATE_FILE");
  assert.ok(existsSync(path));
});

it("is one for all work trees of a clone", async (t) => {
  const main = makeGitRoot(t, { f: "1" });
  git(main.path, "add", "-A");
  git(main.path, "commit", "-q", "-m", "Start");
  const path = join(makeDirectory(t), "linked");
  git(main.path, "worktree", "add", "-q", path);
  const linked = await findRoot(path);
  assert.notEqual(linked.state, main.state);
  await updateKeptFile(main, "kept", () => bytes("1"));
  assert.equal(text(readKeptFile(linked, "kept")), "1");
  await updateKeptFile(linked, "kept", () => bytes("2"));
  assert.equal(text(readKeptFile(main, "kept")), "2");
});
