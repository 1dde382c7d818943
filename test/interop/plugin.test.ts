/**
 * age plugins with the real programs: what we seal by a plugin, age and sops open with it, and the other way round; whole
 * commands by somebody whose only key is on a token.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { encodeBech32 } from "../../src/age/bech32.ts";
import { encryptWith, parseFile } from "../../src/age/file.ts";
import { Plugins } from "../../src/age/plugin/plugins.ts";
import { pluginStarter } from "../../src/cli/plugin-program.ts";
import { run } from "../../src/repo/program.ts";
import { installPlugin, makePluginKey, type PluginKey } from "../age/plugin/install-plugin.ts";
import { type Sample, sampleFleet } from "../cli/sample.ts";
import { PEERS } from "./access-witness.ts";

const directory = mkdtempSync(join(tmpdir(), "secrets-plugin-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const plugin = installPlugin(directory);

function plugins(modes = ""): Plugins {
  const person = {
    tell: () => {},
    ask: async () => null,
    choose: async () => true,
    waitFor: () => () => {},
  };
  return new Plugins({ start: pluginStarter(plugin.env(modes)), person });
}

async function real(argv: readonly string[], env: Record<string, string>, input = ""): Promise<Buffer> {
  const { code, stdout, stderr } = await run(argv, { env, input: Buffer.from(input) });
  assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
  return Buffer.from(stdout);
}

test("age opens what we seal by a plugin, and we open what age seals by it", async () => {
  const key = makePluginKey();
  const identity = join(directory, "identity.txt");
  writeFileSync(identity, key.file, { mode: 0o600 });
  const age = join(PEERS, "age");
  for (const modes of ["", "grease touch"]) {
    const ours = await encryptWith(
      (fileKey) => plugins(modes).wrap("test", key.recipient, fileKey),
      Buffer.from("ours"),
    );
    assert.equal((await real([age, "-d", "-i", identity], plugin.env(modes), ours)).toString(), "ours");
    const theirs = await real([age, "-r", key.recipient], plugin.env(modes), "theirs");
    const { header } = parseFile(theirs);
    const fileKey = await plugins(modes).unwrap("test", [key.identity], header.stanzas);
    assert.equal(fileKey?.length, 16);
    assert.equal(await plugins(modes).unwrap("test", [makePluginKey().identity], header.stanzas), null);
  }
});

/** ada's key is on the token from now on, and nowhere else. */
async function onToken(fleet: Sample): Promise<{ key: PluginKey; env: Record<string, string> }> {
  const key = makePluginKey();
  const file = join(dirname(fleet.root), "token.txt");
  writeFileSync(file, key.file, { mode: 0o600 });
  const rotated = await fleet.secrets(["rotate", "user", "ada", "--to", key.recipient, "--yes"], { env: plugin.env() });
  assert.equal(rotated.code, 0, rotated.stderr);
  await fleet.git("commit", "-qam", "on the token");
  return { key, env: { ...plugin.env(), SOPS_AGE_KEY_FILE: file } };
}

test("sops opens a document that was sealed to a token, by the same plugin", async (t) => {
  const fleet = await sampleFleet(t);
  const { env } = await onToken(fleet);
  const sops = join(PEERS, "sops");
  const path = join(fleet.root, "secrets/users/ada.sops.yaml");
  const theirs = await real([sops, "decrypt", "--extract", '["github"]["user"]', path], env);
  const ours = await fleet.secrets(["get", "secrets/users/ada.sops.yaml#github/user"], { env });
  assert.equal(ours.code, 0, ours.stderr);
  assert.deepEqual(ours.stdout, theirs);
  await real([sops, "set", path, '["github"]["user"]', '"by sops"'], env);
  const changed = await fleet.secrets(["get", "secrets/users/ada.sops.yaml#github/user"], { env });
  assert.equal(changed.stdout.toString(), "by sops");
});

test("a whole change over many documents is a few sessions, not one for each", async (t) => {
  const fleet = await sampleFleet(t);
  const { env } = await onToken(fleet);
  const before = plugin.sessions().length;
  const removed = await fleet.secrets(["user", "rm", "bruno", "--drop-documents", "--yes"], { env });
  assert.equal(removed.code, 0, removed.stderr);
  const sessions = plugin.sessions().slice(before);
  const opened = sessions.filter((line) => line.startsWith("identity-v1")).map((line) => Number(line.split(" ")[1]));
  assert.ok(opened.reduce((sum, files) => sum + files, 0) > 20, sessions.join());
  assert.ok(opened.length <= 3, sessions.join());
  assert.ok(sessions.length <= 8, sessions.join());
  const check = await fleet.secrets(["check", "--deep", "--json"], { env });
  assert.deepEqual(JSON.parse(check.stdout.toString()).findings, []);
});

test("other keys come first: a token is left alone where it is not needed", async (t) => {
  const fleet = await sampleFleet(t);
  const { key } = await onToken(fleet);
  const file = join(dirname(fleet.root), "both.txt");
  writeFileSync(file, `${key.file}${readFileSync(fleet.keyOf("bruno"), "utf8")}`, { mode: 0o600 });
  const before = plugin.sessions().length;
  const read = await fleet.secrets(["get", "vars/web01/acme/dns-token"], {
    env: { ...plugin.env("crash"), SOPS_AGE_KEY_FILE: file },
  });
  assert.equal(read.code, 0, read.stderr);
  assert.equal(plugin.sessions().length, before);
});

test("a plugin that is missing, or fails, is told by name, and nothing it says is printed as it is", async (t) => {
  const fleet = await sampleFleet(t);
  const { env } = await onToken(fleet);
  const get = (more: Record<string, string>) =>
    fleet.secrets(["get", "secrets/users/ada.sops.yaml#github/user"], { env: { ...env, ...more } });
  const missing = await get({ PATH: process.env["PATH"] ?? "" });
  assert.equal(missing.code, 4);
  assert.match(missing.stderr, /age-plugin-test/);
  for (const [modes, told] of [
    ["refuse", /the slot is empty/],
    ["crash", /ended before it was done/],
    ["garble", /does not speak the protocol/],
    ["double", /two keys for one file/],
    ["pin", /wrong PIN/],
  ] as const) {
    const { code, stderr } = await get(plugin.env(modes));
    assert.notEqual(code, 0, modes);
    assert.match(stderr, told, modes);
    assert.ok(!stderr.includes("\u001b[31m"), modes);
  }
});

test("a machine is not sealed to a token, unless it is said", async (t) => {
  const fleet = await sampleFleet(t);
  const { recipient } = makePluginKey();
  const rotate = ["rotate", "machine", "web01", "--to", recipient, "--yes"];
  const refused = await fleet.secrets(rotate, { env: plugin.env() });
  assert.match(refused.stderr, /E_READER_UNUSABLE/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  assert.equal((await fleet.secrets([...rotate, "--force"], { env: plugin.env() })).code, 0);
});

test("a plugin by age's own authors: an identity of age-plugin-pq reads what is sealed to age1pq1", async (t) => {
  const fleet = await sampleFleet(t);
  const beside = dirname(fleet.root);
  const [native, converted] = [join(beside, "pq.txt"), join(beside, "plugin.txt")];
  await real([join(PEERS, "age-keygen"), "-pq", "-o", native], {});
  const recipient = (await real([join(PEERS, "age-keygen"), "-y", native], {})).toString().trim();
  await real([join(PEERS, "age-plugin-pq"), "-identity", "-o", converted, native], {});
  assert.match(readFileSync(converted, "utf8"), /^AGE-PLUGIN-PQ-1/m);
  const rotated = await fleet.secrets(["rotate", "user", "ada", "--to", recipient, "--yes"]);
  assert.equal(rotated.code, 0, rotated.stderr);
  const env = { PATH: `${PEERS}:${process.env["PATH"] ?? ""}`, SOPS_AGE_KEY_FILE: converted };
  const path = "secrets/users/ada.sops.yaml";
  const ours = await fleet.secrets(["get", `${path}#github/user`], { env });
  assert.equal(ours.code, 0, ours.stderr);
  const theirs = await real(
    [join(PEERS, "sops"), "decrypt", "--extract", '["github"]["user"]', join(fleet.root, path)],
    env,
  );
  assert.deepEqual(ours.stdout, theirs);
  assert.equal((await fleet.secrets(["sync", "--yes"], { env })).code, 0);
});

const TAGGED = readFileSync(new URL("../../fixtures/age/plugin-tagtest.txt", import.meta.url), "utf8")
  .trim()
  .split("\n");

for (const recipient of TAGGED) {
  const kind = /^age1[a-z]+(?=1)/.exec(recipient)?.[0];
  test(`what is sealed to ${kind}, which names no plugin, is read by the one that has the key`, async (t) => {
    const fleet = await sampleFleet(t);
    const file = join(dirname(fleet.root), "tag.txt");
    // Its key is in the program: the identity names nothing but the plugin.
    const identity = encodeBech32("age-plugin-tagtest-", new Uint8Array(0)).toUpperCase();
    const env = { PATH: `${PEERS}:${process.env["PATH"] ?? ""}`, SOPS_AGE_KEY_FILE: file };
    const rotated = await fleet.secrets(["rotate", "user", "ada", "--to", recipient, "--yes"]);
    assert.equal(rotated.code, 0, rotated.stderr);
    const path = "secrets/users/ada.sops.yaml";
    for (const comment of ["", `# public key: ${recipient}\n`]) {
      writeFileSync(file, `${comment}${identity}\n`, { mode: 0o600 });
      const ours = await fleet.secrets(["get", `${path}#github/user`], { env });
      assert.equal(ours.code, 0, ours.stderr);
      const sops = [join(PEERS, "sops"), "decrypt", "--extract", '["github"]["user"]', join(fleet.root, path)];
      assert.deepEqual(ours.stdout, await real(sops, env));
    }
    const { stderr } = await fleet.secrets(["check", "--deep"], { env });
    assert.match(stderr, /opened and verified 2\d documents/);
  });
}
