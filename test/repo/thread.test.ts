import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { spareCores, startThread } from "../../src/repo/thread.ts";

const module = pathToFileURL(resolve("src/repo/thread.ts")).href;

/** A file with the body of a thread's answer to `request`. */
function entry(t: TestContext, answer: string): string {
  const directory = mkdtempSync(join(tmpdir(), "secrets-thread-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "entry.mjs");
  writeFileSync(
    path,
    `import { answerRequests } from ${JSON.stringify(module)};\nanswerRequests(async (request) => { ${answer} });\n`,
  );
  return path;
}

test("requests are answered in order, however long each takes; memory moves there", async (t) => {
  const thread = startThread(entry(t, "await new Promise((r) => setTimeout(r, request[0])); return request[0];"));
  await thread.ready;
  const requests = [20, 0, 10].map((n) => Uint8Array.of(n));
  const answers = await Promise.all(requests.map((request) => thread.ask(request, [request.buffer])));
  assert.deepEqual(answers, [20, 0, 10]);
  assert.deepEqual(
    requests.map(({ length }) => length),
    [0, 0, 0],
  );
  await thread.close();
});

test("a thread has nothing of the environment", async (t) => {
  process.env["SECRETS_TEST_THREAD"] = "a secret";
  t.after(() => delete process.env["SECRETS_TEST_THREAD"]);
  const thread = startThread(entry(t, "return { ...process.env };"));
  assert.deepEqual(await thread.ask(null, []), {});
  await thread.close();
});

const ENDS: readonly (readonly [what: string, answer: string])[] = [
  ["its answer rejects", 'throw new Error("no");'],
  ["it leaves", "process.exit(0);"],
  ["it answers what cannot be sent", "return () => {};"],
];
for (const [what, answer] of ENDS) {
  test(`what a thread owes is rejected when ${what}, and so is what is asked later`, async (t) => {
    const thread = startThread(entry(t, answer));
    const owed = [thread.ask(1, []), thread.ask(2, [])];
    for (const each of owed) await assert.rejects(each);
    await assert.rejects(thread.ask(3, []));
    await thread.close();
  });
}

test("a thread that cannot start is never ready", async () => {
  const thread = startThread(join(tmpdir(), "secrets-no-such-thread.mjs"));
  await assert.rejects(thread.ready);
  await assert.rejects(thread.ask(1, []));
});

test("closing ends a thread that is busy", async (t) => {
  const thread = startThread(entry(t, "for (;;);"));
  await thread.ready;
  const owed = assert.rejects(thread.ask(1, []), /ended/);
  await thread.close();
  await owed;
});

const WAITS: readonly (readonly [what: string, program: string, stdout: string])[] = [
  ["not for a thread that was never asked", "void thread.ready.catch(() => {});", ""],
  [
    "for one that owes an answer, and no longer",
    'void thread.ready.then(() => console.log("ready")); thread.ask(1, []).then(() => console.log("answered"));',
    "ready\nanswered\n",
  ],
];
for (const [what, use, expected] of WAITS) {
  test(`a process waits ${what}`, (t) => {
    const path = entry(t, "await new Promise((r) => setTimeout(r, 50)); return 1;");
    const start = `import { startThread } from ${JSON.stringify(module)};\nconst thread = startThread(${JSON.stringify(path)});`;
    const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", `${start}\n${use}`], {
      encoding: "utf8",
      timeout: 20_000,
    });
    assert.equal(stdout, expected);
    assert.equal(status, 0);
  });
}

test("one core is this thread's own", () => {
  assert.ok(Number.isInteger(spareCores()) && spareCores() >= 0);
});
