/** A real plugin and what its person reads: how far it is, that it is waited for, and nothing that a terminal obeys. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Context } from "../../src/cli/context.ts";
import { openPlugins } from "../../src/cli/plugin-person.ts";
import { openTerminal } from "../../src/cli/terminal/terminal.ts";
import { installPlugin, makePluginKey } from "../age/plugin/install-plugin.ts";

const directory = mkdtempSync(join(tmpdir(), "secrets-plugin-person-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const plugin = installPlugin(directory);
const key = makePluginKey();

/** What is written to standard error while so many files are opened; nobody can be asked. */
async function read(modes: string, files: number): Promise<{ lines: string[]; error?: Error & { hint?: string } }> {
  let said = "";
  const write = (chunk: string | Uint8Array) => {
    said += chunk.toString();
    return true;
  };
  const terminal = openTerminal({
    stdout: { write },
    stderr: { write },
    stdinIsTerminal: false,
    env: {},
    color: "never",
    noInput: false,
  });
  const given = (env: Record<string, string>) => openPlugins({ env, terminal } as Context);
  const fileKeys = Array.from({ length: files }, (_, i) => Buffer.alloc(16, i));
  const headers = await Promise.all(fileKeys.map((one) => given(plugin.env()).wrap("test", key.recipient, one)));
  const plugins = given(plugin.env(modes));
  const opened = await Promise.allSettled(headers.map((one) => plugins.unwrap("test", [key.identity], one)));
  const [first] = opened;
  const lines = said.trim().split("\n");
  if (first?.status === "rejected") return { lines, error: first.reason };
  assert.deepEqual(
    opened.map((one) => one.status === "fulfilled" && Buffer.from(one.value ?? [])),
    fileKeys,
  );
  return { lines };
}

test("each touch is told with how many of the files are done, and a lone one without", async () => {
  const touch = (count: number) =>
    Array.from({ length: count }, (_, i) => `age-plugin-test: ${i + 1} of ${count}, touch your key`);
  assert.deepEqual((await read("touch", 4)).lines, touch(4));
  assert.deepEqual((await read("touch", 1)).lines, ["age-plugin-test: touch your key"]);
});

test("what it says is told in one line, with nothing in it that a terminal obeys", async () => {
  assert.deepEqual((await read("paint", 1)).lines, ["age-plugin-test: \\x1b[2J\\x1b]0;title\\x07red \\u202e"]);
});

test("what it asks for where nobody is, is named", async () => {
  for (const [modes, question] of [
    ["pin", "PIN for the test key"],
    ["confirm", "Use the test key?"],
    ["acknowledge", "Look!"],
  ] as const) {
    const { error } = await read(modes, 1);
    assert.ok(error?.hint?.includes(`it asks "${question}", and there is no terminal`), error?.hint);
  }
});
