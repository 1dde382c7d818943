import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { takeLock } from "../../src/repo/lock.ts";
import { livenessOf, ownIdentity } from "../../src/repo/process-identity.ts";
import type { Root } from "../../src/repo/root.ts";
import { makeRoot } from "./fleet.ts";

const lockModule = new URL("../../src/repo/lock.ts", import.meta.url).href;

/** Another process that takes the lock, says so, and then does `then`. */
async function holdElsewhere(t: TestContext, root: Root, then: string) {
  const code = `import { takeLock } from ${JSON.stringify(lockModule)};
    const lock = takeLock(${JSON.stringify(root)}, "secrets sync");
    process.stdout.write("held\\n"); ${then}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const exit = once(child, "exit");
  await once(child.stdout, "data");
  return { child, exit };
}

const WAIT = "setInterval(() => {}, 1000);";

function rewrite(root: Root, change: Record<string, unknown>): void {
  const path = join(root.state, "lock");
  const holder: Record<string, unknown> = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...holder, ...change }));
}

it("lets one in, and tells the other who is inside", async (t) => {
  const root = makeRoot(t);
  const { child } = await holdElsewhere(t, root, WAIT);
  assert.throws(() => takeLock(root, "secrets set"), {
    code: "E_LOCKED",
    kind: "conflict",
    message: new RegExp(`secrets sync, process ${child.pid} on `),
  });
  assert.deepEqual(readdirSync(root.state), ["lock"]);
});

it("is free again after release, and after the end of its holder by itself or by a signal", async (t) => {
  const root = makeRoot(t);
  const first = takeLock(root, "one");
  assert.throws(() => takeLock(root, "two"), { code: "E_LOCKED" });
  first.release();
  for (const [then, signal] of [
    ["", null],
    ["throw 1", null],
    [WAIT, "SIGINT"],
    [WAIT, "SIGTERM"],
    [WAIT, "SIGHUP"],
  ] as const) {
    const { child, exit } = await holdElsewhere(t, root, then === "throw 1" ? "process.exit(3)" : then);
    if (signal !== null) child.kill(signal);
    const [code, ended] = await exit;
    assert.deepEqual([code, ended], [signal === null ? (then === "" ? 0 : 3) : null, signal]);
    assert.equal(existsSync(join(root.state, "lock")), false, `${then} ${signal}`);
  }
});

it("takes over from a holder that was killed", async (t) => {
  const root = makeRoot(t);
  const { child, exit } = await holdElsewhere(t, root, WAIT);
  child.kill("SIGKILL");
  await exit;
  assert.equal(existsSync(join(root.state, "lock")), true);
  takeLock(root, "next").release();
  assert.deepEqual(readdirSync(root.state), []);
});

it("goes by start time and boot, not by pid alone; and waits for what it cannot see", (t) => {
  const root = makeRoot(t);
  const cases: [string, Record<string, unknown>, boolean][] = [
    ["the pid was given to another process", { started: "1" }, true],
    ["before the last boot", { boot: "x" }, true],
    ["another machine", { host: "elsewhere", pid: 1 }, false],
    ["another container", { namespace: "pid:[1]", pid: 999_999 }, false],
    ["no pid", { pid: -1 }, true],
    ["not ours", { pid: "1" }, false],
  ];
  for (const [name, change, free] of cases) {
    const lock = takeLock(root, "old");
    rewrite(root, change);
    if (free) takeLock(root, "new").release();
    else assert.throws(() => takeLock(root, "new"), { code: "E_LOCKED" }, name);
    rmSync(join(root.state, "lock"), { force: true });
    lock.release();
  }
});

it("is not fooled by an empty or damaged lock", (t) => {
  const root = makeRoot(t);
  mkdirSync(root.state);
  for (const text of ["", "{", "null", "[]"]) {
    writeFileSync(join(root.state, "lock"), text);
    assert.throws(() => takeLock(root, "new"), { code: "E_LOCKED", hint: /remove/ });
  }
});

it("knows when it was taken away, and does not remove another's", (t) => {
  const root = makeRoot(t);
  const first = takeLock(root, "first");
  first.assertHeld();
  rmSync(join(root.state, "lock"));
  const second = takeLock(root, "second");
  assert.throws(() => first.assertHeld(), { code: "E_LOCK_LOST", kind: "conflict" });
  first.release();
  second.assertHeld();
  second.release();
});

it("lets exactly one of many through that find a stale lock at once", async (t) => {
  const root = makeRoot(t);
  const stale = takeLock(root, "stale");
  rewrite(root, { started: "1" });
  const start = join(root.path, "start");
  const code = `import { takeLock } from ${JSON.stringify(lockModule)}; import { existsSync } from "node:fs";
    process.stdout.write("ready");
    while (!existsSync(${JSON.stringify(start)})) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    try { takeLock(${JSON.stringify(root)}, "x"); process.stdout.write("+"); } catch (e) { if (e.code !== "E_LOCKED") throw e; process.stdout.write("-"); }
    setTimeout(() => {}, 1000);`;
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  const outputs = children.map(async ({ stdout }) => {
    let text = "";
    for await (const chunk of stdout) text += chunk;
    return text;
  });
  await Promise.all(children.map(({ stdout }) => once(stdout, "readable")));
  writeFileSync(start, "");
  const results = (await Promise.all(outputs)).map((text) => text.slice(5));
  assert.deepEqual(results.sort(), ["+", "-", "-", "-", "-", "-"]);
  stale.release();
});

it("reads the start of a process from ps where there is no /proc", () => {
  const asked: (readonly string[])[] = [];
  const table = (line: string) => ({
    platform: "darwin" as const,
    run: (argv: readonly string[]) => {
      asked.push(argv);
      return { code: line === "" ? 1 : 0, signal: null, stdout: Buffer.from(line), stderr: "" };
    },
  });
  const line = "S+   Mon Nov 23 09:27:44 2026\n";
  const own = ownIdentity(table(line));
  assert.equal(own.started, "Mon Nov 23 09:27:44 2026");
  assert.deepEqual(asked[0], ["ps", "-o", "stat=,lstart=", "-p", String(process.pid)]);
  assert.equal(livenessOf(own, table(line)), "alive");
  assert.equal(livenessOf(own, table("S Mon Nov 23 09:27:45 2026\n")), "gone");
  assert.equal(livenessOf(own, table("Z Mon Nov 23 09:27:44 2026\n")), "gone");
  assert.equal(livenessOf(own, table("")), "gone");
});
