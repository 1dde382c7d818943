/** `secrets key` before a person: a passphrase is asked for where it is needed, and a private key does not come unannounced. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/repo/program.ts";
import { sampleFleet } from "../cli/sample.ts";
import { openScreen } from "./screen.ts";

test("a key from a password manager is opened by its passphrase, which is never shown", async (t) => {
  const fleet = await sampleFleet(t);
  const folder = dirname(fleet.root);
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", "hunter2", "-f", join(folder, "id")]);
  const derived = (await fleet.secrets(["key", "convert", "../id.pub"])).stdout.toString().trim();
  const screen = await openScreen(t, fleet);
  await screen.type("cat ../id | secrets key import --from-ssh - --to ../keys.txt; echo code=$?", "Enter");
  await screen.shows(/Passphrase for stdin/);
  await screen.type("hunter2", "Enter");
  const after = await screen.shows(/code=0/);
  assert.ok(after.replaceAll("\n", "").includes(derived));
  assert.doesNotMatch(after, /hunter2|AGE-SECRET-KEY/);
  assert.ok((await readFile(join(folder, "keys.txt"), "utf8")).includes(`# public key: ${derived}\nAGE-SECRET-KEY-1`));
  await screen.type("clear; cat ../id | secrets key import --from-ssh - --to ../other.txt; echo code=$?", "Enter");
  await screen.shows(/Passphrase for stdin/);
  await screen.type("wrong", "Enter");
  await screen.shows(/\[E_PASSPHRASE\][\s\S]*code=4/);
  await assert.rejects(readFile(join(folder, "other.txt")));
});

test("a private key is announced before it is on the screen, and not in a pipe", async (t) => {
  const fleet = await sampleFleet(t);
  await fleet.secrets(["key", "generate", "--ssh", "../id"]);
  const screen = await openScreen(t, fleet);
  await screen.type("secrets key convert --private ../id", "Enter");
  await screen.shows(/note: a private key follows[\s\S]*AGE-SECRET-KEY-1/);
  assert.equal((await fleet.secrets(["key", "convert", "--private", "../id"])).stderr, "");
});
