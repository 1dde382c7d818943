/**
 * A change under fire: the process that applies it is killed, or the disk fails it, at every system call that writes.
 * After the next run has recovered, the tree is wholly as before or wholly as after.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readLastChange } from "../../src/repo/last-change.ts";
import { takeLock } from "../../src/repo/lock.ts";
import { recover } from "../../src/repo/recovery.ts";
import type { Root } from "../../src/repo/root.ts";
import { applyChanges } from "../../src/repo/transaction.ts";
import { readTree, writeTree } from "../repo/fleet.ts";

const BEFORE = {
  "a.yaml": "old a",
  "dir/b.yaml": "old b",
  "gone/c.yaml": "old c",
  "group/ada": "-> ../a.yaml",
  "plain/x": "x",
};
const AFTER = {
  "a.yaml": "new a",
  "dir/b.yaml": "new b",
  "group/ada": "-> ../dir/b.yaml",
  "made/deep/d.yaml": "new d",
  "made/link": "-> ../a.yaml",
  plain: "-> dir",
};
const MODES = { "a.yaml": 0o600, "dir/b.yaml": 0o755 };

const source = (name: string) => JSON.stringify(new URL(`../../src/repo/${name}`, import.meta.url).href);
/** What is run under fire. Prints the code of the error that it ended with, or "done". */
const APPLY = `
import { contentHash } from ${source("change.ts")};
import { repoPath } from ${source("path.ts")};
import { applyChanges } from ${source("transaction.ts")};
const root = JSON.parse(process.argv[1]);
const hash = (text) => contentHash(Buffer.from(text));
const write = (path, text, expect) => ({ kind: "write", path: repoPath(path), bytes: Buffer.from(text), expect });
const changes = [
  write("a.yaml", "new a", hash("old a")),
  write("dir/b.yaml", "new b", hash("old b")),
  { kind: "remove", path: repoPath("gone/c.yaml"), expect: hash("old c") },
  { kind: "link", path: repoPath("group/ada"), target: "../dir/b.yaml", expect: "link:../a.yaml" },
  write("made/deep/d.yaml", "new d", "absent"),
  { kind: "link", path: repoPath("made/link"), target: "../a.yaml", expect: "absent" },
  { kind: "link", path: repoPath("plain"), target: "dir", expect: "absent" },
  { kind: "remove", path: repoPath("plain/x"), expect: hash("x") },
];
try {
  await applyChanges(root, changes, { command: "test" });
  console.log("done");
} catch (error) {
  console.log(error.code ?? String(error));
}`;

/** Families of calls that Node makes to change a file system; strace takes the names that this kernel has. */
const CALLS = [
  "write,pwrite64",
  "fsync",
  "?rename,?renameat,renameat2",
  "?link,linkat",
  "?symlink,symlinkat",
  "?unlink,unlinkat",
  "?rmdir",
  "?mkdir,mkdirat",
  "fchmod",
  "?copy_file_range,?sendfile",
];

const base = mkdtempSync("/tmp/secrets-test-");
process.on("exit", () => rmSync(base, { recursive: true, force: true }));
let runs = 0;

function makeTarget(): Root {
  const path = join(base, String(runs++));
  mkdirSync(join(path, ".git"), { recursive: true });
  writeTree(path, { ".git/HEAD": "ref: refs/heads/main\n", ...BEFORE });
  for (const [name, mode] of Object.entries(MODES)) chmodSync(join(path, name), mode);
  return { path, git: join(path, ".git"), state: join(path, ".git/secrets") };
}

interface Outcome {
  /** Whether there was a call to fail. */
  readonly hit: boolean;
  readonly said: string;
}

/** @param injection what happens to which calls, as strace says it: `rename:signal=SIGKILL:when=3` */
function applyUnderFire(root: Root, injection: string): Outcome {
  const trace = `${root.path}.trace`;
  const result = spawnSync(
    "strace",
    [
      "-f",
      "-qq",
      "-o",
      trace,
      "-e",
      `inject=${injection}`,
      process.execPath,
      "--input-type=module",
      "-e",
      APPLY,
      JSON.stringify(root),
    ],
    { encoding: "utf8", env: { PATH: process.env["PATH"] }, timeout: 60_000 },
  );
  assert.equal(result.error, undefined);
  const grep = spawnSync("grep", ["-qE", "INJECTED|killed by SIGKILL", trace]);
  return { hit: grep.status === 0, said: result.stdout.trim() };
}

function checkWhole(root: Root, what: string): "before" | "after" {
  // Only a disk that refuses `rmdir` leaves an empty directory, which is nothing to git.
  const isLeft = (path: string) => path.endsWith("/") && !(what.includes("rmdir") && what.includes("EIO"));
  const tree = Object.fromEntries(
    Object.entries(readTree(root.path)).filter(([path]) => !path.endsWith("/") || isLeft(path)),
  );
  const isAfter = tree["a.yaml"] === AFTER["a.yaml"];
  assert.deepEqual(tree, isAfter ? AFTER : BEFORE, what);
  for (const [name, mode] of Object.entries(MODES))
    assert.equal(statSync(join(root.path, name)).mode & 0o777, mode, what);
  return isAfter ? "after" : "before";
}

/** Nothing but the record of a finished change may remain. */
function checkState(root: Root, what: string, side: "before" | "after"): void {
  takeLock(root, "next").release();
  const rest = readdirSync(root.state).filter((name) => !/^lock\./.test(name));
  assert.deepEqual(rest, side === "after" ? ["last"] : [], what);
}

it("is applied when nothing goes wrong", () => {
  const root = makeTarget();
  assert.equal(applyUnderFire(root, "fsync:error=EIO:when=9999").said, "done");
  assert.equal(checkWhole(root, "calm"), "after");
  checkState(root, "calm", "after");
});

describe("killed at every", () => {
  for (const calls of CALLS) {
    it(calls.replaceAll("?", ""), async () => {
      const sides = { before: 0, after: 0 };
      for (let n = 1; ; n++) {
        const root = makeTarget();
        const what = `${calls} ${n}`;
        if (!applyUnderFire(root, `${calls}:signal=SIGKILL:when=${n}`).hit) break;
        const { outcome } = await recover(root);
        const side = checkWhole(root, `${what} (${outcome})`);
        if (outcome === "undone") assert.equal(side, "before", what);
        if (outcome === "finished") assert.equal(side, "after", what);
        checkState(root, what, side);
        // What was finished by the next run can be taken back like any other change.
        if (side === "after") {
          await applyChanges(root, (await readLastChange(root))?.reverse ?? [], { command: "undo" });
          assert.equal(checkWhole(root, `${what}, undone`), "before");
        }
        sides[side]++;
        rmSync(root.path, { recursive: true });
      }
      // A matrix that hits nothing proves nothing. A file system with hard links has no use for copies.
      if (!calls.includes("copy")) assert.ok(sides.before + sides.after > 0);
      if (calls.includes("rename")) assert.ok(sides.before > 0 && sides.after > 0, JSON.stringify(sides));
    });
  }
});

describe("failed by the disk at every", () => {
  // Once, as a passing fault; and for good from then on, which leaves the recovery to the next run.
  for (const [error, lasting] of [
    ["EIO", ""],
    ["ENOSPC", "+"],
    ["EROFS", "+"],
  ] as const) {
    for (const calls of error === "EROFS" ? CALLS.filter((each) => /rename|mkdir|write/.test(each)) : CALLS) {
      it(`${calls.replaceAll("?", "")}, with ${error}${lasting === "" ? "" : " from then on"}`, async () => {
        for (let n = 1; ; n++) {
          const root = makeTarget();
          const what = `${calls} ${n} ${error}${lasting}`;
          const { hit, said }: Outcome = applyUnderFire(root, `${calls}:error=${error}:when=${n}${lasting}`);
          if (!hit) break;
          // Before anything recovers: an error that is not of kind recovery has put everything back already.
          if (said !== "" && said !== "done" && said !== "E_RECOVERY") checkWhole(root, `${what}: ${said}, at once`);
          if (said === "done") assert.equal(checkWhole(root, what), "after");
          await recover(root);
          checkState(root, `${what}: ${said}`, checkWhole(root, `${what}: ${said}`));
          rmSync(root.path, { recursive: true });
        }
      });
    }
  }
});

it("survives a kill during the recovery from a kill", async () => {
  const recovering = `import { recover } from ${source("recovery.ts")}; await recover(JSON.parse(process.argv[1]));`;
  // The first rename is the commit point, these are moves.
  for (const first of [2, 3, 4]) {
    for (let n = 1; ; n++) {
      const root = makeTarget();
      assert.ok(applyUnderFire(root, `?rename,?renameat,renameat2:signal=SIGKILL:when=${first}`).hit);
      const calls =
        "?rename,?renameat,renameat2,?unlink,unlinkat,?link,linkat,?symlink,symlinkat,?rmdir,?mkdir,mkdirat,fsync";
      const args = [
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        `trace=${calls}`,
        "-e",
        `inject=${calls}:signal=SIGKILL:when=${n}`,
      ];
      const script = ["--input-type=module", "-e", recovering, JSON.stringify(root)];
      const { signal } = spawnSync("strace", [...args, process.execPath, ...script], {
        env: { PATH: process.env["PATH"] },
      });
      await recover(root);
      checkState(root, `${first}, then ${n}`, checkWhole(root, `${first}, then ${n}`));
      rmSync(root.path, { recursive: true });
      if (signal !== "SIGKILL") {
        assert.ok(n > 5);
        break;
      }
    }
  }
});

describe("flushes to the disk", () => {
  /** The calls of a run in order: `fsync PATH`, `rename TO`, `sync`. */
  function traceOf(root: Root, script: string): string[] {
    const args = ["-f", "-y", "-qq", "-o", `${root.path}.trace`, "-e", "trace=fsync,?rename,renameat2,execve"];
    const run = [process.execPath, "--input-type=module", "-e", script, JSON.stringify(root)];
    const { status } = spawnSync("strace", [...args, ...run], { env: { PATH: process.env["PATH"] } });
    assert.equal(status, 0);
    return readFileSync(`${root.path}.trace`, "utf8")
      .split("\n")
      .flatMap((line) => {
        const [, flushed] = /fsync\(\d+<(.*)>\)/.exec(line) ?? [];
        const [, moved] = /rename.*, "(.*?)"/.exec(line) ?? [];
        if (flushed !== undefined) return [`fsync ${flushed.replace(root.path, "")}`];
        if (moved !== undefined) return [`rename ${moved.replace(root.path, "").replace(/^.*fd\/\d+/, "target")}`];
        return /execve\("[^"]*\/sync".* = 0/.test(line) ? ["sync"] : [];
      });
  }

  it("all that is staged before the commit point, the record with it, and the moves before the record goes", () => {
    const state = "/.git/secrets";
    const trace = traceOf(makeTarget(), APPLY);
    const commit = trace.indexOf(`rename ${state}/transaction/apply.json`);
    const firstMove = trace.findIndex((line) => line.startsWith("rename target"));
    const done = trace.indexOf(`rename ${state}/last`);
    const before = trace.slice(0, commit);
    for (const path of ["new/0", "new/1", "new/4", "new", "old", "apply.json.draft"]) {
      assert.ok(before.includes(`fsync ${state}/transaction/${path}`), `${path} in ${before}`);
    }
    assert.ok(trace.slice(commit, firstMove).includes(`fsync ${state}/transaction`));
    for (const path of ["", "/dir", "/group", "/made", "/made/deep"]) {
      assert.ok(trace.slice(firstMove, done).includes(`fsync ${path}`), path);
    }
  });

  it("as often for many files as for a few more", () => {
    const many = (count: number) => `
import { repoPath } from ${source("path.ts")};
import { applyChanges } from ${source("transaction.ts")};
const changes = Array.from({ length: ${count} }, (_, n) => ({ kind: "write", path: repoPath("d" + n + "/f"), bytes: Buffer.from("x"), expect: "absent" }));
await applyChanges(JSON.parse(process.argv[1]), changes, { command: "test" });`;
    const [some, more] = [20, 80].map((count) =>
      traceOf(makeTarget(), many(count)).filter((line) => !line.startsWith("rename")),
    );
    assert.deepEqual(more, some);
    assert.deepEqual(
      some?.filter((line) => line === "sync"),
      ["sync", "sync"],
    );
  });
});

it("keeps the old bytes and leaves nothing behind on a disk that is really full", () => {
  const place = mkdtempSync("/tmp/secrets-test-");
  const script = `
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { contentHash } from ${source("change.ts")};
import { repoPath } from ${source("path.ts")};
import { applyChanges } from ${source("transaction.ts")};
const path = process.argv[1];
mkdirSync(path + "/.git");
const old = Buffer.alloc(50_000, "o");
writeFileSync(path + "/f", old);
const change = { kind: "write", path: repoPath("f"), bytes: Buffer.alloc(60_000, "n"), expect: contentHash(old) };
const code = await applyChanges({ path, git: path + "/.git", state: path + "/.git/secrets" }, [change], { command: "test" }).then(() => "done", (error) => error.code);
console.log(JSON.stringify([code, old.equals(readFileSync(path + "/f")), readdirSync(path), readdirSync(path + "/.git/secrets")]));`;
  const own = process.getuid?.() === 0 ? ["-m"] : ["-rm"];
  const mount = 'mount -t tmpfs -o size=96k tmpfs "$1" && exec "$2" --input-type=module -e "$3" "$1"';
  const result = spawnSync("unshare", [...own, "sh", "-c", mount, "sh", place, process.execPath, script], {
    encoding: "utf8",
  });
  rmSync(place, { recursive: true });
  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual(JSON.parse(result.stdout), ["E_NO_SPACE", true, [".git", "f"], []]);
});

it("loses no update when several write at once", async () => {
  const root = makeTarget();
  writeTree(root.path, { counter: "0" });
  const count = `
import { readFileSync } from "node:fs";
import { contentHash } from ${source("change.ts")};
import { repoPath } from ${source("path.ts")};
import { applyChanges } from ${source("transaction.ts")};
const root = JSON.parse(process.argv[1]);
for (let done = 0; done < 15; ) {
  const old = readFileSync(root.path + "/counter");
  const bytes = Buffer.from(String(Number(old) + 1));
  try {
    await applyChanges(root, [{ kind: "write", path: repoPath("counter"), bytes, expect: contentHash(old) }], { command: "count" });
    done++;
  } catch (error) {
    if (error.kind !== "conflict") throw error;
    await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 5));
  }
}`;
  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, ["--input-type=module", "-e", count, JSON.stringify(root)], { stdio: "inherit" }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
  assert.deepEqual(codes, [0, 0, 0]);
  assert.equal(readTree(root.path)["counter"], "45");
  assert.equal(existsSync(join(root.state, "lock")), false);
});
