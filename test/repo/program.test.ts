import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findProgram, minimalEnvironment, run, runSync } from "../../src/repo/program.ts";
import { makeDirectory } from "./fleet.ts";

const node = process.execPath;
const script = (text: string) => [node, "-e", text];

for (const [name, start] of [
  ["run", run],
  ["runSync", async (...args: Parameters<typeof runSync>) => runSync(...args)],
] as const) {
  describe(name, () => {
    it("passes arguments as they are, and gives back both outputs and the code", async () => {
      const text =
        "process.stdout.write(Buffer.from([0, 255, 10])); console.error(process.argv[1]); process.exitCode = 7";
      const result = await start([...script(text), "$(id) `id` *"]);
      assert.deepEqual([...result.stdout], [0, 255, 10]);
      assert.equal(result.stderr, "$(id) `id` *\n");
      assert.deepEqual([result.code, result.signal], [7, null]);
    });

    it("gives a small environment", async () => {
      process.env["SECRET_CANARY"] = "x";
      const { stdout } = await start(script("console.log(Object.keys(process.env).join())"));
      assert.ok(!Buffer.from(stdout).toString().includes("SECRET_CANARY"));
      delete process.env["SECRET_CANARY"];
    });

    it("tells of a signal", async () => {
      const { code, signal } = await start(script("process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 1e4)"));
      assert.deepEqual([code, signal], [null, "SIGTERM"]);
    });

    it("stops what takes too long or prints too much", async () => {
      await assert.rejects(start(script("setTimeout(() => {}, 1e5)"), { timeoutMs: 200 }), {
        code: "E_PROGRAM_TIMEOUT",
      });
      const flood = script("for (;;) require('fs').writeSync(1, Buffer.alloc(65536))");
      await assert.rejects(start(flood, { maxOutput: 100_000 }), { code: "E_PROGRAM_OUTPUT" });
    });

    it("names a missing program", async () => {
      const wrapped = async () => start(["no-such-program-here"]);
      await assert.rejects(wrapped, { code: "E_PROGRAM_MISSING", message: /no-such-program-here/ });
    });
  });
}

it("gives a program its input, and does not mind one that reads none of it", async () => {
  const input = Buffer.from([0, 255, 10]);
  assert.deepEqual([...(await run(["cat"], { input })).stdout], [...input]);
  assert.equal((await run(["true"], { input: new Uint8Array(1 << 20) })).code, 0);
});

it("finds programs in absolute directories of PATH only", (t) => {
  const directory = makeDirectory(t);
  writeFileSync(join(directory, "git"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(directory, "plain"), "");
  const before = process.cwd();
  process.chdir(directory);
  t.after(() => process.chdir(before));
  for (const PATH of ["", ".", ":", "::/nowhere", "./"]) assert.equal(findProgram("git", { PATH }), undefined, PATH);
  assert.equal(findProgram("./git", { PATH: directory }), undefined);
  assert.equal(findProgram("git", { PATH: `.:${directory}` }), join(directory, "git"));
  assert.equal(findProgram("plain", { PATH: directory }), undefined);
  chmodSync(join(directory, "plain"), 0o755);
  assert.equal(findProgram(join(directory, "plain"), {}), join(directory, "plain"));
});

it("keeps no unknown variable", () => {
  assert.deepEqual(minimalEnvironment({ PATH: "/bin", HOME: "/h", TOKEN: "x", NODE_OPTIONS: "--inspect" }), {
    LC_ALL: "C",
    PATH: "/bin",
    HOME: "/h",
  });
});
