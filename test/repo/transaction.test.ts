import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { contentHash, type FileChange } from "../../src/repo/change.ts";
import { readLastChange } from "../../src/repo/last-change.ts";
import { takeLock } from "../../src/repo/lock.ts";
import { type RepoPath, repoPath } from "../../src/repo/path.ts";
import { recover } from "../../src/repo/recovery.ts";
import { applyChanges } from "../../src/repo/transaction.ts";
import { makeDirectory, makeRoot, readTree, writeTree } from "./fleet.ts";

const command = "secrets test";
const hash = (text: string) => contentHash(Buffer.from(text));
const write = (path: string, text: string, expect = "absent", mode?: number): FileChange => ({
  kind: "write",
  path: repoPath(path),
  bytes: Buffer.from(text),
  expect: expect === "absent" || expect.startsWith("link:") ? expect : hash(expect),
  ...(mode === undefined ? {} : { mode }),
});
const link = (path: string, target: string, expect = "absent"): FileChange => ({
  kind: "link",
  path: repoPath(path),
  target,
  expect,
});
const remove = (path: string, expect: string): FileChange => ({
  kind: "remove",
  path: repoPath(path),
  expect: expect.startsWith("link:") ? expect : hash(expect),
});

describe("applyChanges", () => {
  it("writes, replaces, links and removes, making and pruning directories", async (t) => {
    const root = makeRoot(t, { "a/old": "1", "b/c/gone": "2", "b/stays": "3", l: "-> a", "p/q/r": "4" });
    await applyChanges(
      root,
      [
        write("a/old", "new", "1"),
        write("x/y/z", "made"),
        write("empty", ""),
        remove("b/c/gone", "2"),
        link("x/link", "../a/old"),
        link("l", "b", "link:a"),
        remove("p/q/r", "4"),
      ],
      { command },
    );
    assert.deepEqual(readTree(root.path), {
      "a/old": "new",
      "b/stays": "3",
      empty: "",
      l: "-> b",
      "x/link": "-> ../a/old",
      "x/y/z": "made",
    });
    assert.deepEqual(readdirSync(root.state), ["last"]);
  });

  it("keeps modes, sets the one that is asked for, and leaves new files to the umask", async (t) => {
    const root = makeRoot(t, { private: "1", program: "1", same: "1" });
    chmodSync(join(root.path, "private"), 0o600);
    chmodSync(join(root.path, "program"), 0o755);
    const umask = process.umask(0o027);
    t.after(() => process.umask(umask));
    await applyChanges(
      root,
      [
        write("private", "2", "1"),
        write("program", "2", "1"),
        write("new", ""),
        write("sealed", "", "absent", 0o600),
        write("open", "", "absent", 0o666),
        write("same", "1", "1", 0o600),
      ],
      { command },
    );
    const modes = Object.fromEntries(
      Object.keys(readTree(root.path)).map((name) => [
        name,
        (statSync(join(root.path, name)).mode & 0o777).toString(8),
      ]),
    );
    assert.deepEqual(modes, { new: "640", open: "666", private: "600", program: "755", same: "600", sealed: "600" });
  });

  it("puts a file where a directory was, a directory where a file was, a link where either was", async (t) => {
    const root = makeRoot(t, { "dir/a/b": "1", "dir/c": "2", file: "3", l: "-> other", "other/x": "5", "d2/x": "6" });
    await applyChanges(
      root,
      [
        write("dir", "now a file"),
        remove("dir/a/b", "1"),
        remove("dir/c", "2"),
        write("file/in/it", "4"),
        remove("file", "3"),
        remove("l", "link:other"),
        write("l/x", "not in other"),
        link("d2", "other"),
        remove("d2/x", "6"),
      ],
      { command },
    );
    const after = { d2: "-> other", dir: "now a file", "file/in/it": "4", "l/x": "not in other", "other/x": "5" };
    assert.deepEqual(readTree(root.path), after);
    await applyChanges(root, (await readLastChange(root))?.reverse ?? [], { command: "undo" });
    assert.deepEqual(readTree(root.path), {
      "d2/x": "6",
      "dir/a/b": "1",
      "dir/c": "2",
      file: "3",
      l: "-> other",
      "other/x": "5",
    });
  });

  const refusals: [string, FileChange[], string][] = [
    ["a file with other content", [write("f", "x", "other")], "E_CHANGED_UNDERNEATH"],
    ["a file that is there already", [write("f", "x")], "E_CHANGED_UNDERNEATH"],
    ["a file that is gone", [write("gone", "x", "1")], "E_CHANGED_UNDERNEATH"],
    ["a removed file that is gone", [remove("gone", "1")], "E_CHANGED_UNDERNEATH"],
    [
      "the removal of nothing",
      [{ kind: "remove", path: "gone" as RepoPath, expect: "absent" }],
      "E_CHANGED_UNDERNEATH",
    ],
    ["a link with another target", [link("l", "x", "link:y")], "E_CHANGED_UNDERNEATH"],
    ["a link where a file was read", [write("l", "x", "1")], "E_CHANGED_UNDERNEATH"],
    ["a directory", [write("d", "x")], "E_IN_THE_WAY"],
    ["a file as a directory", [write("f/x", "x")], "E_IN_THE_WAY"],
    ["a dangling link as a directory", [write("nowhere/x", "x")], "E_IN_THE_WAY"],
    ["the same file twice", [write("new", "x"), write("new", "y")], "E_CHANGED_TWICE"],
    ["the same file by two names", [write("d/new", "x"), write("inside/new", "y")], "E_CHANGED_TWICE"],
    ["a parent that leads out", [write("out/x", "x")], "E_PATH_ESCAPES"],
    ["a new directory in one that leads out", [write("out/a/b/x", "x")], "E_PATH_ESCAPES"],
    ["a parent that leads into .git", [write("internals/hooks/x", "x")], "E_PATH_ESCAPES"],
    ["a link that would lead out", [link("d/new", "../../x")], "E_PATH_ESCAPES"],
    ["a link that would be absolute", [link("d/new", "/etc/passwd")], "E_PATH_ESCAPES"],
    ["a link into .git", [link("d/new", "../.git/config")], "E_PATH_ESCAPES"],
    ["a path of a saved plan that leads out", [{ ...write("x", "x"), path: "../x" as RepoPath }], "E_PATH"],
    ["a path of a saved plan into .git", [{ ...write("x", "x"), path: ".git/hooks/pre-commit" as RepoPath }], "E_PATH"],
  ];
  for (const [name, changes, code] of refusals) {
    it(`stops before ${name}, with nothing written`, async (t) => {
      const outside = makeDirectory(t);
      const tree = {
        "d/x": "1",
        f: "1",
        inside: "-> d",
        internals: "-> .git",
        l: "-> f",
        nowhere: "-> no",
        out: `-> ${outside}`,
      };
      const root = makeRoot(t, tree);
      for (const list of [
        [write("first", "x"), ...changes],
        [...changes, write("last", "x")],
      ]) {
        await assert.rejects(applyChanges(root, list, { command }), { code });
        assert.deepEqual(readTree(root.path), tree);
        assert.deepEqual(readdirSync(outside), []);
        assert.deepEqual(readdirSync(root.state), []);
      }
    });
  }

  it("follows a directory link that stays inside, and replaces a link itself, not what it points to", async (t) => {
    const root = makeRoot(t, { "real/f": "1", dir: "-> real", l: "-> real/f" });
    await applyChanges(root, [write("dir/f", "2", "1"), write("l", "own", "link:real/f")], { command });
    assert.deepEqual(readTree(root.path), { dir: "-> real", l: "own", "real/f": "2" });
  });

  it("does not write through a second name of the same file", async (t) => {
    const root = makeRoot(t, { f: "1" });
    const outside = join(makeDirectory(t), "other-name");
    linkSync(join(root.path, "f"), outside);
    await applyChanges(root, [write("f", "2", "1")], { command });
    assert.equal(readFileSync(outside, "utf8"), "1");
  });

  it("notices a change in the last moment: after staging, before the first move", async (t) => {
    const root = makeRoot(t, { a: "1", b: "1" });
    const lock = takeLock(root, command);
    const meddling = { ...lock, assertHeld: () => writeFileSync(join(root.path, "b"), "theirs") };
    const changes = [write("a", "2", "1"), write("b", "2", "1")];
    await assert.rejects(applyChanges(root, changes, { command, lock: meddling }), {
      code: "E_CHANGED_UNDERNEATH",
      kind: "conflict",
    });
    assert.deepEqual(readTree(root.path), { a: "1", b: "theirs" });
    await assert.rejects(
      applyChanges(root, [write("c", "x")], {
        command,
        lock: {
          ...lock,
          assertHeld: () => {
            throw new Error("lost");
          },
        },
      }),
    );
    lock.release();
    assert.deepEqual(readdirSync(root.state), []);
  });

  it("does not follow a directory that was swapped for a link after the first look", async (t) => {
    const outside = makeDirectory(t);
    const root = makeRoot(t, { "d/f": "1", "e/x": "" });
    const lock = takeLock(root, command);
    for (const target of [outside, "e"]) {
      rmSync(join(root.path, "e/f"), { force: true });
      const swap = () => {
        renameSync(join(root.path, "d"), join(root.path, "moved"));
        symlinkSync(target, join(root.path, "d"));
        linkSync(join(root.path, "moved/f"), join(root.path, "e/f"));
        if (target === outside) linkSync(join(root.path, "moved/f"), join(outside, "f"));
      };
      await assert.rejects(
        applyChanges(root, [write("d/f", "2", "1")], { command, lock: { ...lock, assertHeld: swap } }),
      );
      assert.equal(readFileSync(join(root.path, "moved/f"), "utf8"), "1");
      assert.equal(readFileSync(join(root.path, "e/f"), "utf8"), "1");
      rmSync(join(root.path, "d"));
      renameSync(join(root.path, "moved"), join(root.path, "d"));
    }
    assert.deepEqual(readdirSync(outside), ["f"]);
    assert.equal(readFileSync(join(outside, "f"), "utf8"), "1");
    lock.release();
  });

  it("does nothing, and leaves nothing, for an empty list", async (t) => {
    const root = makeRoot(t);
    await applyChanges(root, [], { command });
    assert.equal(existsSync(root.state), false);
  });

  it("stages beside the targets when the state is on another file system", {
    skip: !existsSync("/dev/shm"),
  }, async (t) => {
    const { path, git } = makeRoot(t, { a: "1", l: "-> a" });
    const state = join("/dev/shm", `secrets-test-${process.pid}`);
    t.after(() => rmSync(state, { recursive: true, force: true }));
    mkdirSync(state);
    assert.notEqual(statSync(state).dev, statSync(path).dev);
    const root = { path, git, state };
    await applyChanges(root, [write("a", "2", "1"), write("d/b", "2"), link("l", "d", "link:a")], { command });
    assert.deepEqual(readTree(path), { a: "2", "d/b": "2", l: "-> d" });
    await applyChanges(root, (await readLastChange(root))?.reverse ?? [], { command });
    assert.deepEqual(readTree(path), { a: "1", l: "-> a" });
    // What a killed run staged there is swept.
    mkdirSync(join(path, ".secrets-staging-x"));
    mkdirSync(join(state, "transaction"));
    assert.equal((await recover(root)).outcome, "undone");
    assert.deepEqual(readTree(path), { a: "1", l: "-> a" });
  });

  it("makes its record readable by nobody else", async (t) => {
    const root = makeRoot(t, { a: "1" });
    await applyChanges(root, [write("a", "2", "1")], { command });
    assert.equal(lstatSync(root.state).mode & 0o777, 0o700);
    assert.equal(lstatSync(join(root.state, "last")).mode & 0o777, 0o700);
  });
});

describe("the record of the last change", () => {
  it("takes it back, and the taking back as well", async (t) => {
    const before = { a: "1", "d/gone": "2", l: "-> a" };
    const root = makeRoot(t, before);
    chmodSync(join(root.path, "d/gone"), 0o600);
    assert.equal(await readLastChange(root), undefined);
    await applyChanges(
      root,
      [write("a", "2", "1"), remove("d/gone", "2"), link("l", "n/x", "link:a"), write("n/x", "")],
      { command, now: new Date(0) },
    );
    const after = readTree(root.path);
    const last = await readLastChange(root);
    assert.deepEqual([last?.command, last?.time], [command, "1970-01-01T00:00:00.000Z"]);
    await applyChanges(root, last?.reverse ?? [], { command: "undo" });
    assert.deepEqual(readTree(root.path), before);
    assert.equal(statSync(join(root.path, "d/gone")).mode & 0o777, 0o600);
    await applyChanges(root, (await readLastChange(root))?.reverse ?? [], { command: "redo" });
    assert.deepEqual(readTree(root.path), after);
  });

  it("is refused when something has touched a file since", async (t) => {
    const root = makeRoot(t, { a: "1", b: "1" });
    await applyChanges(root, [write("a", "2", "1"), write("b", "2", "1")], { command });
    writeFileSync(join(root.path, "b"), "theirs");
    await assert.rejects(applyChanges(root, (await readLastChange(root))?.reverse ?? [], { command }), {
      code: "E_CHANGED_UNDERNEATH",
    });
    assert.deepEqual(readTree(root.path), { a: "2", b: "theirs" });
  });
});

it("law: apply, then its reverse, gives the tree back", async (t) => {
  const names = fc.constantFrom("a", "b", "d/a", "d/b", "d/e/a", "x/y");
  const trees = fc.dictionary(names, fc.constantFrom("1", "22", "-> a", ""), { maxKeys: 6, noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(trees, trees, async (before, after) => {
      const root = makeRoot(t, before);
      const state = (tree: Record<string, string>, path: string) => {
        const text = tree[path];
        if (text === undefined) return "absent";
        return text.startsWith("-> ") ? `link:${text.slice(3)}` : hash(text);
      };
      const changes = [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name): FileChange[] => {
        const path = repoPath(name);
        const expect = state(before, name);
        const text = after[name];
        if (expect === state(after, name)) return [];
        if (text === undefined) return [{ kind: "remove", path, expect }];
        if (text.startsWith("-> ")) return [{ kind: "link", path, target: text.slice(3), expect }];
        return [{ kind: "write", path, bytes: Buffer.from(text), expect }];
      });
      await applyChanges(root, changes, { command });
      assert.deepEqual(readTree(root.path), readTree(makeRoot(t, after).path));
      if (changes.length === 0) return;
      await applyChanges(root, (await readLastChange(root))?.reverse ?? [], { command });
      assert.deepEqual(readTree(root.path), readTree(makeRoot(t, before).path));
    }),
    { numRuns: 40 },
  );
});

it("helps a test to make trees", (t) => {
  const { path } = makeRoot(t);
  writeTree(path, { "a/b": "1", l: "-> a" });
  assert.deepEqual(readTree(path), { "a/b": "1", l: "-> a" });
});
