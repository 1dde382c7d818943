/** Whole commands by people whose keys are on tokens: how often they are asked, and what goes wrong. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { type InstalledPlugin, installPlugin, makePluginKey, type PluginKey } from "../age/plugin/install-plugin.ts";
import { type Outcome, secrets } from "../cli/harness.ts";
import { type Sample, sampleFleet } from "../cli/sample.ts";
import { uniformFleet } from "./uniform-fleet.ts";

const ADA = "secrets/users/ada.sops.yaml";
const SHARED = "vars/web01/acme/dns-token";

function install(): InstalledPlugin {
  const directory = mkdtempSync(join(tmpdir(), "secrets-plugin-commands-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return installPlugin(directory);
}

interface Holder {
  readonly key: PluginKey;
  /** Where the token's identity lies, and nothing else. */
  readonly file: string;
  readonly run: (
    argv: readonly string[],
    modes?: string,
    more?: Record<string, string>,
    stdin?: string,
  ) => Promise<Outcome>;
  /** What the token was asked for since: `identity-v1 17`. */
  readonly sessions: () => string[];
}

/** @param text of the key file: with the comment that states the public half, or without */
function holder(fleet: Sample, name: string, text = (key: PluginKey) => key.file): Holder {
  const [plugin, key] = [install(), makePluginKey()];
  const file = join(dirname(fleet.root), `${name}-token.txt`);
  writeFileSync(file, text(key), { mode: 0o600 });
  let seen = 0;
  return {
    key,
    file,
    run: (argv, modes = "", more = {}, stdin = "") =>
      fleet.secrets(argv, { env: { ...plugin.env(modes), SOPS_AGE_KEY_FILE: file, ...more }, stdin }),
    sessions: () => {
      const fresh = plugin.sessions().slice(seen);
      seen += fresh.length;
      return fresh.map((line) => line.split(" ").slice(0, 2).join(" "));
    },
  };
}

async function ok(outcome: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await outcome;
  assert.equal(code, 0, stderr);
  return stdout.toString();
}

/** Ada's key is on a token from now on. */
async function withToken(t: TestContext, text?: (key: PluginKey) => string): Promise<{ fleet: Sample; ada: Holder }> {
  const fleet = await sampleFleet(t);
  const ada = holder(fleet, "ada", text);
  await ok(
    ada.run(["rotate", "user", "ada", "--to", ada.key.recipient, "--yes"], "", {
      SOPS_AGE_KEY_FILE: fleet.keyOf("ada"),
    }),
  );
  await fleet.git("commit", "-qam", "on the token");
  ada.sessions();
  return { fleet, ada };
}

const bare = (key: PluginKey) => `${key.identity}\n`;

test("get, set and edit are one touch each, and keep the document readable for it", async (t) => {
  const { fleet, ada } = await withToken(t);
  await ok(ada.run(["set", `${ADA}#github/user`, "-"], "", {}, "by token"));
  assert.deepEqual(ada.sessions(), ["identity-v1 1"]);
  const editor = join(dirname(fleet.root), "editor.sh");
  writeFileSync(editor, '#!/bin/sh\nsed -i "s/by token/edited/" "$1"\n');
  chmodSync(editor, 0o755);
  await ok(ada.run(["edit", ADA], "", { EDITOR: editor }));
  assert.deepEqual(ada.sessions(), ["identity-v1 1"]);
  assert.equal(await ok(ada.run(["get", `${ADA}#github/user`])), "edited");
});

test("somebody new comes with a token: sealed to it, opened by it", async (t) => {
  const fleet = await sampleFleet(t);
  const tess = holder(fleet, "tess");
  const ada = { SOPS_AGE_KEY_FILE: fleet.keyOf("ada") };
  await ok(tess.run(["user", "add", "tess", "--age-key", tess.key.recipient, "--document", SHARED, "--yes"], "", ada));
  assert.deepEqual(tess.sessions(), ["recipient-v1 1"]);
  assert.equal(await ok(tess.run(["get", SHARED])), await ok(fleet.secrets(["get", SHARED])));
  const identity = await tess.run(["user", "add", "x", "--age-key", tess.key.identity, "--yes"], "", ada);
  assert.match(identity.stderr, /an identity of a plugin[\s\S]*age1NAME1/);
  assert.ok(!identity.stderr.includes(tess.key.identity));
  const { stderr } = await tess.run(["check", "--deep"]);
  assert.match(stderr, /opened and verified 1 documents/);
});

for (const [what, text] of [
  ["that says what it is", undefined],
  ["that says nothing", bare],
] as const) {
  test(`check --deep with an identity ${what} is one session, and takes nobody else's for ours`, async (t) => {
    const { fleet, ada } = await withToken(t, text);
    // Somebody else's key is on a token of the same kind.
    const other = holder(fleet, "bruno");
    await ok(
      ada.run(["rotate", "user", "bruno", "--to", other.key.recipient, "--yes"], "", {
        SOPS_AGE_KEY_FILE: fleet.keyOf("bruno"),
      }),
    );
    await fleet.git("commit", "-qam", "both");
    ada.sessions();
    const before = await ada.run(["check", "--deep", "--json"]);
    assert.deepEqual(JSON.parse(before.stdout.toString()).findings, [], before.stderr);
    assert.match(before.stderr, /opened and verified (2\d|[3-9]\d) documents/);
    const sessions = ada.sessions();
    assert.ok(sessions.length <= 3, sessions.join());
  });
}

test("check --deep tells of a token that is not there", async (t) => {
  for (const text of [undefined, bare]) {
    const { ada } = await withToken(t, text);
    const report = await ada.run(["check", "--deep", "--json", ADA], "refuse");
    const [finding] = JSON.parse(report.stdout.toString()).findings;
    assert.equal(finding?.code, "cannot-open");
    assert.match(finding.message, /the slot is empty/);
  }
});

test("the new key of a rotation is proven by one session, or the rotation is not finished", async (t) => {
  const fleet = await sampleFleet(t);
  const ada = holder(fleet, "ada");
  const old = { SOPS_AGE_KEY_FILE: fleet.keyOf("ada") };
  await ok(ada.run(["rotate", "user", "ada", "--to", ada.key.recipient, "--overlap", "--yes"], "", old));
  await fleet.git("commit", "-qam", "both keys");
  ada.sessions();
  const finish = ["rotate", "user", "ada", "--finish", "--to", ada.key.recipient, "--yes"];
  const refused = await ada.run(finish, "refuse");
  assert.match(refused.stderr, /the slot is empty/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  ada.sessions();
  await ok(ada.run(finish));
  const opened = ada.sessions().filter((line) => line.startsWith("identity-v1"));
  assert.equal(opened.length, 1, opened.join());
});

test("a hundred and fifty documents are one session to open, and a few to seal", async (t) => {
  const place = await uniformFleet(t, 150);
  const [plugin, key] = [install(), makePluginKey()];
  const file = join(place.root, "../token.txt");
  writeFileSync(file, key.file, { mode: 0o600 });
  const as = (SOPS_AGE_KEY_FILE: string) => ({
    cwd: place.root,
    env: { ...plugin.env("touch"), HOME: dirname(place.root), SOPS_AGE_KEY_FILE },
  });
  const adas = join(dirname(place.root), "ada.txt");
  await ok(secrets(["rotate", "user", "ada", "--to", key.recipient, "--yes"], as(adas)));
  const before = plugin.sessions().length;
  const { code, stderr } = await secrets(["revoke", "reader0", "secrets", "--yes"], as(file));
  assert.equal(code, 0, stderr);
  const sessions = plugin.sessions().slice(before);
  const opened = sessions.filter((line) => line.startsWith("identity-v1"));
  assert.deepEqual([opened.length, opened[0]?.split(" ")[1]], [1, "150"]);
  assert.ok(sessions.length <= 8, sessions.join());
});

test("a comment in a key file approves of nobody", async (t) => {
  const fleet = await sampleFleet(t);
  // Whoever can read at this first look is known.
  await fleet.secrets(["check"]);
  const stranger = makePluginKey().recipient;
  const config = join(fleet.root, ".sops.yaml");
  const adas = /&ada\S* (age1\S+)/.exec(readFileSync(config, "utf8"))?.[1] ?? assert.fail();
  writeFileSync(config, readFileSync(config, "utf8").replace(adas, stranger));
  const ada = holder(fleet, "ada", ({ identity }) => `# public key: ${stranger}\n${identity}\n`);
  writeFileSync(ada.file, readFileSync(ada.file, "utf8") + readFileSync(fleet.keyOf("ada"), "utf8"));
  const { code, stderr } = await ada.run(["sync", "--yes"]);
  assert.equal(code, 3, stderr);
  assert.match(stderr, /E_NOT_APPROVED/);
});

test("a PIN that nobody is there to give is named, and so is a missing program", async (t) => {
  const { fleet, ada } = await withToken(t);
  const alone = await ada.run(["get", `${ADA}#github/user`], "pin");
  assert.equal(alone.code, 4);
  assert.match(alone.stderr, /it asks "PIN for the test key", and there is no terminal/);
  const { recipient } = makePluginKey();
  const missing = await fleet.secrets(
    ["user", "add", "tess", "--age-key", recipient, "--document", "secrets/services/mailer.env", "--yes"],
    { env: { PATH: process.env["PATH"] ?? "", SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") } },
  );
  assert.match(missing.stderr, /the program age-plugin-test is not installed \[E_AGE_PLUGIN_MISSING\]/);
  assert.match(missing.stderr, /put age-plugin-test on PATH/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("doctor names the program of each token, where it is, and what it opens", async (t) => {
  for (const text of [undefined, bare]) {
    const { ada } = await withToken(t, text);
    const found = await ok(ada.run(["doctor"]));
    assert.match(found, /age-plugin-test +\/.*plugin-bin\/age-plugin-test/);
    assert.doesNotMatch(found, /cannot be used|no private key/);
    if (text === undefined) assert.match(found, /ada.*opens \d\d of \d\d documents/);
    else assert.match(found, /what they open is known to age-plugin-test[\s\S]*# public key: age1test1/);
    const missing = await ok(ada.run(["doctor"], "", { PATH: process.env["PATH"] ?? "" }));
    assert.match(missing, /missing age-plugin-test +not found[\s\S]*put age-plugin-test on PATH/);
    assert.ok(!found.includes(readFileSync(ada.file, "utf8").trim().split("\n").at(-1) ?? "?"));
    assert.deepEqual(ada.sessions(), []);
  }
});
