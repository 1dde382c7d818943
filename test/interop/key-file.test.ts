/** A key file under kill -9 and failing disks: wholly old or wholly new, and never for anybody else's eyes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseIdentities } from "../../src/age/identity.ts";
import { bundledProgram } from "./under-fire.ts";

const OLD = "# mine\n";

interface Place {
  readonly folder: string;
  readonly keys: string;
  readonly run: (
    ...strace: string[]
  ) => Promise<{ code: number | null; stdout: string; stderr: string; trace: string }>;
}

function place(t: TestContext, flags: readonly string[] = []): Place {
  const home = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "secrets-key-"));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const folder = join(home, "keys");
  const keys = join(folder, "keys.txt");
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(keys, OLD, { mode: 0o600 });
  return {
    folder,
    keys,
    run: async (...strace) => {
      const trace = join(home, "trace");
      const program = [process.execPath, await bundledProgram(), "key", "generate", ...flags];
      const [command = "", ...args] = ["strace", "-f", "-qq", "-y", "-o", trace, ...strace, ...program];
      const { status, stdout, stderr, error } = spawnSync(command, args, {
        cwd: home,
        env: {
          PATH: process.env["PATH"] ?? "",
          HOME: home,
          USER: "ada",
          SOPS_AGE_KEY_FILE: keys,
          UV_THREADPOOL_SIZE: "1",
        },
        encoding: "utf8",
      });
      if (error !== undefined) throw error;
      return { code: status, stdout, stderr, trace: readFileSync(trace, "utf8") };
    },
  };
}

const CALLS = "openat,fsync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,mkdir,write,pwrite64,close";

test("the new text is on the disk before it takes the place of the old one, and its name is after", async (t) => {
  const { folder, run } = place(t);
  const { code, trace, stderr } = await run("-e", `trace=${CALLS}`);
  assert.equal(code, 0, stderr);
  const steps = trace.split("\n").flatMap((line) => {
    if (/ fsync\(\d+<.*\/\.keys\.txt\.[0-9a-f-]{36}>\)/.test(line)) return ["flush text"];
    if (/ rename\w*\(.*\.keys\.txt\.[0-9a-f-]{36}", .*\/keys\.txt"/.test(line)) return ["rename"];
    return line.includes(`fsync(`) && line.includes(`<${folder}>`) ? ["flush folder"] : [];
  });
  assert.deepEqual(steps, ["flush text", "rename", "flush folder"]);
  // Whoever creates a file with a key in it creates it for themselves.
  const created = trace.split("\n").filter((line) => line.includes("O_CREAT") && line.includes(folder));
  assert.ok(created.length > 0);
  for (const line of created) assert.match(line, /O_EXCL.*, 0600\)/);
});

for (const call of ["fsync", "rename", "write", "close", "unlink", "rmdir"]) {
  test(`killed at any ${call}, the file is old or new, and the next run goes on`, async (t) => {
    const { folder, keys, run } = place(t);
    let killed = 0;
    for (const when of momentsOf((await run("-e", `trace=${CALLS}`)).trace, call, folder)) {
      const before = readFileSync(keys, "utf8");
      const { code, stdout } = await run("-e", `trace=${CALLS}`, "-e", `inject=${call}:signal=KILL:when=${when}`);
      if (code !== 0) killed++;
      const after = readFileSync(keys, "utf8");
      assert.ok(after.startsWith(before), `${call} ${when}`);
      const [made] = await keysIn(after.slice(before.length));
      // A key that was told is a key that is there.
      if (stdout !== "") assert.equal(stdout.trim(), made);
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
      }
      const next = await run();
      assert.equal(next.code, 0, next.stderr);
      const text = readFileSync(keys, "utf8");
      assert.ok(text.startsWith(after) && (await keysIn(text)).includes(next.stdout.trim()));
      assert.deepEqual(readdirSync(folder), ["keys.txt"], `${call} ${when}`);
    }
    assert.ok(killed > 0, `no ${call} was met`);
  });
}

for (const fault of ["ENOSPC", "EIO", "EROFS"]) {
  test(`a disk that says ${fault} changes nothing, and is told`, async (t) => {
    const { folder, keys, run } = place(t);
    const { trace } = await run("-e", `trace=${CALLS}`);
    for (const call of ["write", "fsync", "rename"]) {
      const before = readFileSync(keys, "utf8");
      const [first = ""] = momentsOf(trace, call, folder);
      const failed = await run("-e", `trace=${CALLS}`, "-e", `inject=${call}:error=${fault}:when=${first}`);
      assert.deepEqual([failed.code, failed.stdout], [2, ""], `${call} ${fault}`);
      assert.match(failed.stderr, /\[E_(NO_SPACE|IO|READ_ONLY)\]/);
      assert.equal(readFileSync(keys, "utf8"), before);
      assert.deepEqual(readdirSync(folder), ["keys.txt"]);
    }
  });
}

test("of a pair whose private half cannot be written, no half is left", async (t) => {
  const { folder, run } = place(t, ["--ssh", "keys/id"]);
  const { trace } = await run("-e", `trace=${CALLS}`);
  const [, privateHalf = ""] = momentsOf(trace, "fsync", folder);
  for (const name of ["id", "id.pub"]) rmSync(join(folder, name));
  const failed = await run("-e", `trace=${CALLS}`, "-e", `inject=fsync:error=EIO:when=${privateHalf}`);
  assert.deepEqual([failed.code, failed.stdout], [2, ""], failed.stderr);
  assert.deepEqual(readdirSync(folder), ["keys.txt"]);
});

/** Which of all calls of this name, from 1 in each thread, are about the folder of the keys. */
function momentsOf(trace: string, call: string, folder: string): number[] {
  const counts = new Map<string, number>();
  return trace.split("\n").flatMap((line) => {
    const [, thread = "", name] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (name !== call) return [];
    const at = (counts.get(thread) ?? 0) + 1;
    counts.set(thread, at);
    return line.includes(folder) ? [at] : [];
  });
}

async function keysIn(text: string): Promise<string[]> {
  const { identities, problems } = await parseIdentities(text, "keys");
  assert.deepEqual(problems, []);
  return identities.flatMap(({ recipients }) => recipients);
}
