/** `secrets generate` before a person: every kind of prompt, answers that stay, and the end of input. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Sample, sampleFleet } from "../cli/sample.ts";
import { openScreen } from "./screen.ts";

const LOGIN = `machines: [web01]
prompts:
  user: { description: Name of the account, persist: true }
  password: { type: hidden, persist: true }
  key: { type: multiline, persist: true }
  pem: { type: multiline-hidden, persist: true }
kind: prompt
`;

async function define({ root }: Sample): Promise<void> {
  await mkdir(join(root, "vars/services"), { recursive: true });
  await writeFile(join(root, "vars/services/login.yaml"), LOGIN);
}

test("each prompt is asked in its own way, before anything runs; what is hidden is typed twice and never shown", async (t) => {
  const fleet = await sampleFleet(t);
  await define(fleet);
  const screen = await openScreen(t, fleet);
  await screen.type("secrets generate; echo code=$?", "Enter");
  await screen.shows(/Name of the account\nuser \(one line\):/);
  await screen.type("root", "Enter");
  await screen.shows(/password \(hidden, one line\):/);
  await screen.type("hunter2", "Enter");
  await screen.shows(/again:/);
  await screen.type("hunter3", "Enter");
  await screen.shows(/the two are not the same/);
  await screen.type("hunter2", "Enter");
  await screen.shows(/again:[\s\S]*again:/);
  await screen.type("hunter2", "Enter");
  await screen.shows(/key \(lines; end with Ctrl-D/);
  await screen.type("line one", "Enter", "line two", "Enter", "C-d");
  await screen.shows(/pem \(hidden, lines/);
  await screen.type("secret one", "Enter", "secret two", "Enter", "C-d");
  await screen.shows(/pem[\s\S]*again:/);
  await screen.type("secret one", "Enter", "secret two", "Enter", "C-d");
  assert.doesNotMatch(await screen.shows(/generate vars\/web01\/login\?/), /hunter|secret one/);
  await screen.type("y", "Enter");
  await screen.shows(/done: generate vars\/web01\/login[\s\S]*code=0/);
  const get = async (file: string) => (await fleet.secrets(["get", `vars/web01/login/${file}`])).stdout.toString();
  assert.deepEqual(await Promise.all(["user", "password", "key", "pem"].map(get)), [
    "root",
    "hunter2",
    "line one\nline two",
    "secret one\nsecret two",
  ]);
  // An earlier answer stays, whichever way it is asked for again.
  await screen.type("clear; secrets generate --regenerate --service login --yes; echo code=$?", "Enter");
  await screen.shows(/user \(one line; Enter alone keeps the earlier answer\):/);
  await screen.type("admin", "Enter");
  await screen.shows(/password \(hidden, one line; Enter alone/);
  await screen.type("Enter");
  await screen.shows(/key \(lines/);
  await screen.type("C-d");
  await screen.shows(/pem \(hidden/);
  await screen.type("C-d");
  await screen.shows(/code=0/);
  assert.deepEqual(await Promise.all(["user", "password", "key", "pem"].map(get)), [
    "admin",
    "hunter2",
    "line one\nline two",
    "secret one\nsecret two",
  ]);
});

test("the end of input and Ctrl-C answer nothing: the prompt is named, and nothing has changed", async (t) => {
  const fleet = await sampleFleet(t);
  await define(fleet);
  const before = await fleet.git("status", "--porcelain");
  const screen = await openScreen(t, fleet);
  for (const key of ["C-d", "C-c"]) {
    await screen.type("clear; secrets generate; echo code=$?", "Enter");
    await screen.shows(/user \(one line\):/);
    await screen.type(key);
    await screen.shows(/stopped at vars\/web01\/login\/user, which has no answer[\s\S]*code=130/);
  }
  await screen.type("clear; secrets generate; echo code=$?", "Enter");
  await screen.shows(/user \(one line\):/);
  await screen.type("root", "Enter");
  await screen.shows(/password/);
  await screen.type("x", "Enter");
  await screen.shows(/again:/);
  await screen.type("x", "Enter");
  await screen.shows(/key \(lines/);
  await screen.type("C-d");
  await screen.shows(/stopped at vars\/web01\/login\/key[\s\S]*code=130/);
  assert.equal(await fleet.git("status", "--porcelain"), before);
});
