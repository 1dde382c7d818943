import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { RunSync } from "../../src/repo/program.ts";
import { openScratch } from "../../src/repo/scratch.ts";
import { HERE, type ScratchSystem } from "../../src/repo/scratch-bases.ts";
import { readOwner, writeOwner } from "../../src/repo/scratch-owner.ts";
import { mayBeSwapped } from "../../src/repo/swap.ts";
import { sweepScratch } from "../../src/repo/sweep-scratch.ts";
import { makeDirectory } from "./fleet.ts";

const linux = { skip: process.platform === "linux" ? false : "tmpfs is Linux' way" };

function makeRuntimeDirectory(t: TestContext): string {
  const path = mkdtempSync("/dev/shm/secrets-test-");
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe("openScratch", linux, () => {
  it("prefers the runtime directory, and gives a private directory that is gone after remove", (t) => {
    const base = makeRuntimeDirectory(t);
    const scratch = openScratch({ env: { XDG_RUNTIME_DIR: base } });
    assert.equal(dirname(dirname(scratch.directory)), base);
    assert.equal(scratch.kind, "memory");
    const path = scratch.createFile("secret.yaml", Buffer.from("x"));
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
    for (const directory of [scratch.directory, dirname(scratch.directory)]) {
      assert.equal(lstatSync(directory).mode & 0o777, 0o700);
    }
    scratch.remove();
    assert.deepEqual(readdirSync(base), []);
  });

  it("keeps its modes whatever the umask", (t) => {
    const base = makeRuntimeDirectory(t);
    const umask = process.umask(0);
    t.after(() => process.umask(umask));
    const scratch = openScratch({ env: { XDG_RUNTIME_DIR: base } });
    assert.equal(lstatSync(scratch.createFile("f", Buffer.from("x"))).mode & 0o777, 0o600);
    assert.equal(lstatSync(scratch.directory).mode & 0o777, 0o700);
    scratch.remove();
  });

  it("passes over a runtime directory that is no memory, not ours alone, a link, or not absolute", (t) => {
    const base = makeRuntimeDirectory(t);
    const open = join(base, "open");
    mkdirSync(open);
    chmodSync(open, 0o755);
    const link = join(base, "link");
    symlinkSync(base, link);
    for (const XDG_RUNTIME_DIR of [makeDirectory(t), open, link, "relative", "", join(base, "none")]) {
      const scratch = openScratch({ env: { XDG_RUNTIME_DIR } });
      assert.match(scratch.directory, /^\/dev\/shm\/secrets-scratch-/, XDG_RUNTIME_DIR);
      scratch.remove();
    }
  });

  it("refuses a disk unless it is allowed", (t) => {
    const disk = makeDirectory(t);
    const system: ScratchSystem = { ...HERE, platform: "linux", shared: [makeDirectory(t), "/nowhere"], disk };
    assert.throws(() => openScratch({ env: {}, system }), { code: "E_NO_SCRATCH", hint: /--allow-disk/ });
    assert.deepEqual(readdirSync(disk), []);
    const scratch = openScratch({ env: {}, system, allowDisk: true });
    assert.equal(scratch.kind, "disk");
    assert.equal(dirname(dirname(scratch.directory)), disk);
    scratch.remove();
  });

  it("creates no file over another or through a link", (t) => {
    const scratch = openScratch({ env: { XDG_RUNTIME_DIR: makeRuntimeDirectory(t) } });
    scratch.createFile("a", Buffer.from("1"));
    symlinkSync("elsewhere", join(scratch.directory, "l"));
    assert.throws(() => scratch.createFile("a", Buffer.from("2")), { code: "E_IO" });
    assert.throws(() => scratch.createFile("l", Buffer.from("2")), { code: "E_IO" });
    assert.equal(readFileSync(join(scratch.directory, "a"), "utf8"), "1");
    scratch.remove();
  });
});

describe("a disk in memory, on macOS", () => {
  const fake = (answers: (argv: readonly string[]) => number) => {
    const asked: string[] = [];
    const run: RunSync = (argv) => {
      asked.push(argv.join(" "));
      const stdout = Buffer.from(argv[1] === "attach" ? "/dev/disk7     \n" : "");
      return { code: answers(argv), signal: null, stdout, stderr: "" };
    };
    return { asked, run };
  };

  it("is attached, formatted for its owner, mounted, and detached", (t) => {
    const disk = makeDirectory(t);
    const { asked, run } = fake(() => 0);
    const scratch = openScratch({ env: {}, system: { platform: "darwin", shared: [], disk, run } });
    assert.equal(scratch.kind, "ram disk");
    assert.equal(readOwner(dirname(scratch.directory))?.disk, "/dev/disk7");
    scratch.remove();
    assert.deepEqual(asked, [
      "hdiutil attach -nomount ram://65536",
      "newfs_hfs -M 700 /dev/disk7",
      `mount -t hfs -o nobrowse,nodev,nosuid,noatime /dev/disk7 ${scratch.directory}`,
      "hdiutil detach /dev/disk7",
    ]);
    assert.deepEqual(readdirSync(disk), []);
  });

  it("is detached with force when something holds it", (t) => {
    const { asked, run } = fake((argv) => (argv.includes("detach") && !argv.includes("-force") ? 16 : 0));
    openScratch({ env: {}, system: { platform: "darwin", shared: [], disk: makeDirectory(t), run } }).remove();
    assert.deepEqual(asked.slice(-2), ["hdiutil detach /dev/disk7", "hdiutil detach -force /dev/disk7"]);
  });

  it("leaves nothing attached, and nothing on the disk, when it cannot be mounted", (t) => {
    const disk = makeDirectory(t);
    for (const failing of ["hdiutil", "newfs_hfs", "mount"]) {
      const { asked, run } = fake((argv) => (argv[0] === failing && argv[1] !== "detach" ? 1 : 0));
      const system: ScratchSystem = { platform: "darwin", shared: [], disk, run };
      assert.throws(() => openScratch({ env: {}, system }), { code: "E_NO_SCRATCH" });
      assert.equal(asked.at(-1)?.includes("detach"), failing !== "hdiutil");
      assert.deepEqual(readdirSync(disk), []);
      const scratch = openScratch({ env: {}, system, allowDisk: true });
      assert.equal(scratch.kind, "disk");
      scratch.remove();
    }
  });
});

describe("what a run leaves behind", linux, () => {
  const module = new URL("../../src/repo/scratch.ts", import.meta.url).href;
  const code = (then: string) => `import { openScratch } from ${JSON.stringify(module)};
    const scratch = openScratch({ env: process.env });
    scratch.createFile("secret", Buffer.from("canary"));
    process.stdout.write(scratch.directory); ${then}`;

  async function startRun(t: TestContext, base: string, then: string) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", code(then)], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { XDG_RUNTIME_DIR: base },
    });
    t.after(() => child.kill("SIGKILL"));
    const exit = once(child, "exit");
    await once(child.stdout, "data");
    return { child, exit };
  }

  it("is nothing after its end, an error, or a signal", async (t) => {
    const base = makeRuntimeDirectory(t);
    const wait = "setInterval(() => {}, 1000);";
    for (const [then, signal, code] of [
      ["", null, 0],
      ["throw new Error('x')", null, 1],
      ["process.exit(4)", null, 4],
      [wait, "SIGINT", null],
      [wait, "SIGTERM", null],
      [wait, "SIGHUP", null],
    ] as const) {
      const stop = then.startsWith("throw") ? "process.on('uncaughtException', () => process.exit(1)); throw 1" : then;
      const { child, exit } = await startRun(t, base, stop);
      if (signal !== null) child.kill(signal);
      assert.deepEqual(await exit, [code, signal]);
      assert.deepEqual(readdirSync(base), [], `${then} ${signal}`);
    }
  });

  it("is removed within a second after SIGKILL", async (t) => {
    const base = makeRuntimeDirectory(t);
    const { child, exit } = await startRun(t, base, "setInterval(() => {}, 1000);");
    // The second process needs a moment to be there; a run with an editor lasts longer than that.
    await setTimeout(300);
    child.kill("SIGKILL");
    await exit;
    const limit = Date.now() + 1000;
    while (readdirSync(base).length > 0 && Date.now() < limit) await setTimeout(10);
    assert.deepEqual(readdirSync(base), []);
  });

  it("stays when the person has text in it, and is named by the sweep", async (t) => {
    const base = makeRuntimeDirectory(t);
    const { exit } = await startRun(t, base, "scratch.keep()");
    await exit;
    await setTimeout(200);
    const [name = ""] = readdirSync(base);
    assert.equal(readFileSync(join(base, name, "work/secret"), "utf8"), "canary");
    const sweep = sweepScratch({ XDG_RUNTIME_DIR: base });
    assert.ok(sweep.kept.includes(join(base, name)));
    assert.ok(existsSync(join(base, name, "work/secret")));
  });

  it("is swept by the next run: the dead, not the living, not what is not ours", (t) => {
    const base = makeRuntimeDirectory(t);
    const disk = makeDirectory(t);
    const detached: string[] = [];
    const run: RunSync = (argv) => {
      detached.push(argv.join(" "));
      return { code: 0, signal: null, stdout: Buffer.of(), stderr: "" };
    };
    const env = { XDG_RUNTIME_DIR: base };
    const system: ScratchSystem = { platform: "linux", shared: [], disk, run };
    const living = openScratch({ env, system });
    const owner = readOwner(dirname(living.directory));
    assert.ok(owner);
    const make = (where: string, name: string, change: object | undefined) => {
      const path = join(where, `secrets-scratch-${name}`);
      mkdirSync(path, { mode: 0o700 });
      if (change !== undefined) {
        writeOwner(path, { ...owner, ...change });
        mkdirSync(join(path, "work"));
        writeFileSync(join(path, "work/secret"), "canary");
      }
      return path;
    };
    const gone = { ...owner.process, started: "1" };
    const dead = make(base, "dead", { process: gone });
    const onDisk = make(disk, "disk", { process: gone, disk: "/dev/disk9" });
    const kept = make(base, "kept", { process: gone, kept: true });
    const far = make(base, "far", { process: { ...gone, host: "elsewhere" } });
    const making = make(base, "making", undefined);
    const empty = make(base, "empty", undefined);
    utimesSync(empty, 0, 0);
    symlinkSync(dead, join(base, "secrets-scratch-link"));
    const foreign = make(base, "foreign", { process: gone });
    chmodSync(foreign, 0o755);
    assert.deepEqual(sweepScratch(env, system), { removed: [dead, empty, onDisk], kept: [kept], left: [far] });
    assert.deepEqual(detached, ["hdiutil detach /dev/disk9"]);
    for (const path of [kept, far, making, foreign, living.directory]) assert.ok(existsSync(path), path);
    for (const path of [dead, empty, onDisk]) assert.equal(existsSync(path), false, path);
    const again = make(base, "again", { process: gone });
    const next = openScratch({ env, system });
    assert.equal(existsSync(again), false);
    next.remove();
    living.remove();
  });
});

describe("mayBeSwapped", () => {
  const head = "Filename Type Size Used Priority\n";
  const mounts =
    "/dev/sda / ext4 rw 0 0\ntmpfs /run/user/1 tmpfs rw,nosuid 0 0\ntmpfs /run/user/1/no\\040swap tmpfs rw,noswap 0 0\nram /ram ramfs rw 0 0\n";
  const cases: [string, string, string, boolean][] = [
    ["no swap", "/run/user/1/x", head, false],
    ["no /proc", "/run/user/1/x", "", false],
    ["a swap partition", "/run/user/1/x", `${head}/dev/sda2 partition 1 0 -2\n`, true],
    ["compressed memory only", "/run/user/1/x", `${head}/dev/zram0 partition 1 0 100\n`, false],
    ["both", "/run/user/1/x", `${head}/dev/zram0 partition 1 0 100\n/swapfile file 1 0 -2\n`, true],
    ["a mount that does not swap", "/run/user/1/no swap/x", `${head}/swapfile file 1 0 -2\n`, false],
    ["a mount whose name only begins so", "/run/user/1/no swapping", `${head}/swapfile file 1 0 -2\n`, true],
    ["ramfs", "/ram/x", `${head}/swapfile file 1 0 -2\n`, false],
  ];
  for (const [name, directory, swaps, swapped] of cases) {
    it(name, () => assert.equal(mayBeSwapped(directory, swaps, mounts), swapped));
  }
});
