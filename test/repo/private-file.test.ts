import assert from "node:assert/strict";
import { chmod, chown, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { changePrivateFile } from "../../src/repo/private-file.ts";
import { run } from "../../src/repo/program.ts";
import { readPrivateFile } from "../../src/repo/read-private-file.ts";
import { temporaryDirectory } from "../cli/harness.ts";

const append = (text: string) => async (now: Uint8Array | undefined) =>
  Buffer.concat([now ?? Buffer.alloc(0), Buffer.from(text)]);
const mode = async (path: string) => (await stat(path)).mode & 0o777;

test("a new file and its new folders are their owner's alone, and nothing else is left there", async (t) => {
  const base = await temporaryDirectory(t);
  const path = join(base, "a/b/keys.txt");
  assert.equal(await changePrivateFile(path, "keys", append("one\n")), true);
  assert.equal(await readFile(path, "utf8"), "one\n");
  assert.deepEqual(
    [await mode(path), await mode(join(base, "a")), await mode(join(base, "a/b"))],
    [0o600, 0o700, 0o700],
  );
  assert.deepEqual(await readdir(join(base, "a/b")), ["keys.txt"]);
});

test("a file that others could read is closed when it changes, and left as it is when it does not", async (t) => {
  const path = join(await temporaryDirectory(t), "keys.txt");
  await writeFile(path, "one\n", { mode: 0o644 });
  assert.equal(readPrivateFile(path, "keys").open, true);
  assert.equal(await changePrivateFile(path, "keys", async () => undefined), false);
  assert.equal(await mode(path), 0o644);
  await changePrivateFile(path, "keys", append("two\n"));
  assert.equal(await mode(path), 0o600);
  assert.equal(readPrivateFile(path, "keys").open, false);
});

test("a link stays a link, and what it leads to is changed", async (t) => {
  const base = await temporaryDirectory(t);
  await writeFile(join(base, "real"), "one\n");
  await symlink("real", join(base, "keys.txt"));
  await changePrivateFile(join(base, "keys.txt"), "keys", append("two\n"));
  assert.ok((await lstat(join(base, "keys.txt"))).isSymbolicLink());
  assert.equal(await readFile(join(base, "real"), "utf8"), "one\ntwo\n");
});

test("what cannot be a key file is refused, and nothing is made", async (t) => {
  const base = await temporaryDirectory(t);
  await symlink("/nix/store/0000-home-manager-files/keys.txt", join(base, "store"));
  await symlink("nowhere", join(base, "dangling"));
  await mkdir(join(base, "folder"));
  await run(["mkfifo", join(base, "pipe")]);
  await run(["truncate", "-s", "17M", join(base, "large")]);
  const before = await readdir(base);
  for (const [name, message] of [
    ["store", /Nix store/],
    ["dangling", /leads to nothing/],
    ["folder", /no file/],
    ["pipe", /no file/],
    ["large", /too large/],
  ] as const) {
    const change = changePrivateFile(join(base, name), name, append("x"));
    await assert.rejects(change, { code: "E_KEY_FILE", message, location: { file: name } });
  }
  assert.deepEqual(await readdir(base), before);
});

test("a place that cannot be written is told as such", { skip: process.platform !== "linux" }, async () => {
  // Nobody can make files there, root included.
  await assert.rejects(changePrivateFile("/sys/kernel/keys.txt", "keys", append("x")), {
    code: /^E_(NO_PERMISSION|READ_ONLY)$/,
  });
});

test("somebody else's file stays theirs, and one that nobody may read is told as such", async (t) => {
  const path = join(await temporaryDirectory(t), "keys.txt");
  await writeFile(path, "one\n");
  // Only root can give a file away, and only others are kept from reading it.
  if (process.getuid?.() === 0) await chown(path, 12345, 12345);
  else await chmod(path, 0);
  await assert.rejects(changePrivateFile(path, "keys", append("x")), { code: /^E_(KEY_FILE|NO_PERMISSION)$/ });
  await chmod(path, 0o600);
  assert.equal(await readFile(path, "utf8"), "one\n");
});

test("an error of the change itself leaves the file and no draft", async (t) => {
  const base = await temporaryDirectory(t);
  const path = join(base, "keys.txt");
  await writeFile(path, "one\n");
  await chmod(path, 0o600);
  let calls = 0;
  const failing = async () => {
    if (++calls === 2) throw new Error("no");
    return Buffer.from("two\n");
  };
  await assert.rejects(changePrivateFile(path, "keys", failing));
  assert.equal(await readFile(path, "utf8"), "one\n");
  assert.deepEqual(await readdir(base), ["keys.txt"]);
});

test("of many who add at once nobody loses anything", async (t) => {
  const path = join(await temporaryDirectory(t), "x/keys.txt");
  const words = Array.from({ length: 12 }, (_, i) => `${i}\n`);
  await Promise.all(words.map((word) => changePrivateFile(path, "keys", append(word))));
  assert.deepEqual((await readFile(path, "utf8")).split("\n").sort(), [...words.map((word) => word.trim()), ""].sort());
  assert.deepEqual(await readdir(join(path, "..")), ["keys.txt"]);
});
