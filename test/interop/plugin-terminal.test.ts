/** A person with a token, at a real terminal: what they are told and asked, and Ctrl-C. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { installPlugin, makePluginKey } from "../age/plugin/install-plugin.ts";
import { type Sample, sampleFleet } from "../cli/sample.ts";
import { openScreen, type Screen } from "./screen.ts";

const GET = "secrets get vars/web01/acme/dns-token";
const VALUE = "vars/web01/acme/dns-token";

/** A terminal of ada, whose key is on a token that behaves like this. */
async function withToken(t: TestContext, modes: string) {
  const directory = mkdtempSync(join(tmpdir(), "secrets-plugin-tty-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const plugin = installPlugin(directory);
  const fleet = await sampleFleet(t);
  const key = makePluginKey();
  const file = join(dirname(fleet.root), "token.txt");
  writeFileSync(file, key.file, { mode: 0o600 });
  const rotated = await fleet.secrets(["rotate", "user", "ada", "--to", key.recipient, "--yes"], { env: plugin.env() });
  assert.equal(rotated.code, 0, rotated.stderr);
  await fleet.git("commit", "-qam", "on the token");
  const value = (await fleet.secrets(["get", VALUE], { env: { ...plugin.env(), SOPS_AGE_KEY_FILE: file } })).stdout;
  const screen: Screen = await openScreen(t, fleet, { ...plugin.env(modes), SOPS_AGE_KEY_FILE: file });
  const before = plugin.sessions().length;
  const sessions = () => plugin.sessions().slice(before);
  return { fleet, screen, sessions, value: value.toString(), as: { ...plugin.env(), SOPS_AGE_KEY_FILE: file } };
}

const valueIn = async (fleet: Sample, env: Record<string, string>) =>
  (await fleet.secrets(["get", VALUE], { env })).stdout.toString();

/** Of a process that is not there. */
async function isGone(process_: string | undefined): Promise<void> {
  for (let waited = 0; ; waited += 50) {
    try {
      process.kill(Number(process_), 0);
    } catch {
      return;
    }
    assert.ok(waited < 5000, `the plugin ${process_} is there still`);
    await sleep(50);
  }
}

test("a PIN is asked for and not shown, and the value comes", async (t) => {
  const { screen, value } = await withToken(t, "pin touch");
  await screen.type(GET, "Enter");
  await screen.shows(/age-plugin-test: PIN for the test key/);
  await screen.type("1234", "Enter");
  await screen.shows(/age-plugin-test: touch your key/);
  const after = await screen.shows(new RegExp(value));
  assert.doesNotMatch(after, /1234/);
});

test("a wrong PIN is told in the plugin's words, and is not asked for again", async (t) => {
  const { screen, sessions } = await withToken(t, "pin");
  await screen.type(`${GET}; echo code=$?`, "Enter");
  await screen.shows(/PIN for the test key/);
  await screen.type("9", "Enter");
  await screen.shows(/wrong PIN[\s\S]*code=4/);
  assert.equal(sessions().length, 1);
});

test("questions reach the terminal although stdin is a pipe", async (t) => {
  const { fleet, screen, as } = await withToken(t, "pin confirm acknowledge");
  await screen.type(`printf piped | secrets set ${VALUE} -`, "Enter");
  await screen.shows(/PIN for the test key/);
  await screen.type("1234", "Enter");
  await screen.shows(/Use the test key\? \(1 for "Go on", 2 for "Leave it"\)/);
  await screen.type("x", "Enter");
  await screen.type("1", "Enter");
  await screen.shows(/Look! \(Enter for "Seen"\)/);
  await screen.type("Enter");
  await screen.shows(/done: set/);
  assert.equal(await valueIn(fleet, as), "piped");
});

test("a no is a no", async (t) => {
  const { screen } = await withToken(t, "confirm");
  await screen.type(`${GET}; echo code=$?`, "Enter");
  await screen.shows(/Use the test key\?/);
  await screen.type("2", "Enter");
  await screen.shows(/not allowed[\s\S]*code=4/);
});

test("Ctrl-C at a question ends the run and the plugin, and tries nothing else", async (t) => {
  const { screen, sessions } = await withToken(t, "pin");
  await screen.type(`${GET}; echo code=$?`, "Enter");
  await screen.shows(/PIN for the test key/);
  await screen.type("C-c");
  await screen.shows(/code=130/);
  assert.equal(sessions().length, 1);
  await isGone(sessions()[0]?.split(" ")[2]);
});

test("a plugin that says nothing is waited for, which is told; Ctrl-C ends both", async (t) => {
  const { screen, sessions } = await withToken(t, "mute");
  await screen.type(GET, "Enter");
  await screen.shows(/waiting for age-plugin-test/);
  await screen.type("C-c");
  await screen.shows(/\^C\s+ready>/);
  await screen.type("echo code=$?", "Enter");
  await screen.shows(/code=130/);
  await isGone(sessions()[0]?.split(" ")[2]);
});

test("a change over many documents asks for the PIN once", async (t) => {
  const { fleet, screen, sessions } = await withToken(t, "touch pin");
  await screen.type("secrets user rm bruno --drop-documents --yes", "Enter");
  await screen.shows(/PIN for the test key/);
  await screen.type("1234", "Enter");
  await screen.shows(/done: remove user bruno[\s\S]*ready>/);
  assert.notEqual(await fleet.git("status", "--porcelain"), "");
  assert.equal(sessions().filter((line) => line.startsWith("identity-v1")).length, 1, sessions().join());
});

test("what a plugin says is shown, not obeyed", async (t) => {
  const { screen } = await withToken(t, "paint");
  await screen.type(GET, "Enter");
  await screen.shows(/age-plugin-test: \\x1b\[2J\\x1b\]0;title\\x07red \\u202e/);
});
