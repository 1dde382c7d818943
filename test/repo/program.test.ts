import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../src/repo/program.ts";

test("arguments are never seen by a shell", async () => {
  const { stdout } = await run(["printf", "%s", "$(id) `id` ; id"]);
  assert.equal(stdout.toString(), "$(id) `id` ; id");
});

test("input goes in, output and exit code come out", async () => {
  const { code, stdout, stderr } = await run(["sh", "-c", "cat; echo no >&2; exit 7"], { input: Buffer.from("in") });
  assert.deepEqual([code, stdout.toString(), stderr], [7, "in", "no\n"]);
});

test("a program that ends without reading its input is no fault of ours", async () => {
  assert.equal((await run(["true"], { input: Buffer.alloc(1_000_000) })).code, 0);
});

test("a missing program, a slow one and a loud one are told apart", async () => {
  await assert.rejects(run(["no-such-program-here"]), { code: "E_PROGRAM_MISSING" });
  await assert.rejects(run(["sleep", "10"], { timeoutMs: 50 }), { code: "E_PROGRAM_TIMEOUT" });
  await assert.rejects(run(["yes"], { maxOutput: 1000 }), { code: "E_PROGRAM_OUTPUT" });
});

test("the environment that is not passed on is not seen", async () => {
  process.env["SECRETS_TEST_LEAK"] = "leak";
  const { stdout } = await run(["env"]);
  delete process.env["SECRETS_TEST_LEAK"];
  assert.doesNotMatch(stdout.toString(), /leak/);
});

test("a program that could not be started leaves nothing behind that keeps this one alive", async () => {
  const script = `import { run } from ${JSON.stringify(new URL("../../src/repo/program.ts", import.meta.url).href)};
    await run(["no-such-program-here"]).catch(() => {});`;
  await run([process.execPath, "--input-type=module", "-e", script], { timeoutMs: 10_000 });
});
