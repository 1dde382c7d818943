/** When the keyring asks for passphrases, and for which entries it tries which keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Encrypter } from "age-encryption";
import { encodeArmor } from "../../src/age/armor.ts";
import { encodeBech32 } from "../../src/age/bech32.ts";
import type { DataKeyEntry } from "../../src/age/data-key.ts";
import { loadKeyring } from "../../src/age/keyring.ts";
import { SecretsError } from "../../src/errors.ts";
import {
  alice,
  asked,
  bob,
  carol,
  dataKey,
  entryFor,
  keysTxt,
  locked,
  type Machine,
  plain,
  read,
  ssh,
  start,
} from "./keyring-machine.ts";

const passphrases = { "the SSH key ~/.ssh/id_ed25519": "pw" };

test("a locked SSH key is asked for once, and only for its own entries", async () => {
  const { keyring, log } = await start({
    files: { ".ssh/id_ed25519": locked.key, [keysTxt]: alice.text },
    passphrases,
  });
  assert.equal(await keyring.openDataKey(await entryFor(carol.recipient)), null);
  assert.equal(await keyring.openDataKey(await entryFor(plain.line)), null);
  const mine = [await entryFor(locked.line), await entryFor(locked.derived), await entryFor(alice.recipient)];
  assert.ok((await keyring.openAnyDataKey(mine)) !== null);
  assert.deepEqual(asked(log), [], "an open key was at hand");
  for (const entry of [mine[0], mine[1], mine[0]])
    assert.deepEqual(Buffer.from((await keyring.openDataKey(entry as DataKeyEntry)) ?? []), dataKey);
  assert.deepEqual(asked(log), ["ask the SSH key ~/.ssh/id_ed25519"]);
});

test("two locked keys are asked for one after the other", async () => {
  const second = ssh("ed25519-aes256-cbc");
  const files = new Map([
    ["/h/.ssh/id_ed25519", locked.key],
    ["/k", second.key],
  ]);
  let open = 0;
  const keyring = await loadKeyring({
    env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: "/k" },
    home: "/h",
    platform: "linux",
    readFile: async (path) => (files.has(path) ? Buffer.from(files.get(path) ?? "") : null),
    runCommand: () => Promise.reject(new Error()),
    async askPassphrase() {
      assert.equal(++open, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      return "pw";
    },
  });
  const entries = await Promise.all(
    [locked.derived, second.derived, locked.line].map((recipient) => entryFor(recipient)),
  );
  const opened = await Promise.all(entries.map((entry) => keyring.openDataKey(entry)));
  assert.ok(opened.every((key) => key !== null));
});

for (const [name, answers, reason] of [
  ["declined", {}, /nobody gave/],
  ["wrong", { "the SSH key ~/.ssh/id_ed25519": "nope" }, /another passphrase/],
] as const) {
  test(`a passphrase that is ${name} is told once and not asked again`, async () => {
    const { keyring, log } = await start({ files: { ".ssh/id_ed25519": locked.key }, passphrases: answers });
    for (let i = 0; i < 3; i++) assert.equal(await keyring.openDataKey(await entryFor(locked.derived)), null);
    assert.equal(asked(log).length, 1);
    assert.match(keyring.places.find((place) => place.name.endsWith("id_ed25519"))?.problem?.message ?? "", reason);
  });
}

test("an encrypted PEM key is known by the .pub file beside it, or else only when it is open", async () => {
  const key = ssh("ed25519-pkcs8-encrypted");
  const answer = { "the SSH key ~/.ssh/id_ed25519": "passphrase" };
  const beside = await start({
    files: { ".ssh/id_ed25519": key.key, ".ssh/id_ed25519.pub": key.line },
    passphrases: answer,
  });
  assert.deepEqual(beside.keyring.recipients(), [key.recipient, key.derived]);
  assert.ok((await beside.keyring.openDataKey(await entryFor(key.derived))) !== null);
  const alone = await start({ files: { ".ssh/id_ed25519": key.key }, passphrases: answer });
  assert.deepEqual(alone.keyring.recipients(), []);
  assert.ok((await alone.keyring.openDataKey(await entryFor(key.line))) !== null);
  assert.deepEqual(alone.keyring.recipients(), [key.recipient, key.derived]);
  const swapped = await start({
    files: { ".ssh/id_ed25519": key.key, ".ssh/id_ed25519.pub": plain.line },
    passphrases: answer,
  });
  assert.equal(await swapped.keyring.openDataKey(await entryFor(plain.line)), null);
  assert.match(swapped.keyring.places.at(-2)?.problem?.message ?? "", /another public half/);
});

test("an encrypted identity file is asked for once, after everything else", async () => {
  const encrypter = new Encrypter();
  encrypter.setPassphrase("pw");
  encrypter.setScryptWorkFactor(4);
  const sealed = encodeArmor(await encrypter.encrypt(`# mine\n${carol.secret}\n`));
  const machine: Machine = {
    env: { SOPS_AGE_KEY_FILE: "/sealed", AGE_KEYFILE: "/sealed", SOPS_AGE_KEY_CMD: "pass", AGE_KEY: alice.secret },
    files: { "/sealed": sealed },
    commands: { pass: bob.text },
    passphrases: { "the identity file SOPS_AGE_KEY_FILE": "pw" },
  };
  const { keyring, log } = await start(machine);
  assert.equal(keyring.places[0]?.pending, "passphrase");
  assert.ok(
    (await keyring.openAnyDataKey([await entryFor(carol.recipient), await entryFor(alice.recipient)])) !== null,
  );
  assert.deepEqual(asked(log), []);
  assert.ok((await keyring.openAnyDataKey([await entryFor(carol.recipient), await entryFor(bob.recipient)])) !== null);
  assert.deepEqual(asked(log), ["run pass"]);
  const entry = await entryFor(carol.recipient);
  const opened = await Promise.all([1, 2, 3].map(() => keyring.openDataKey(entry)));
  for (const one of opened) assert.deepEqual(Buffer.from(one ?? []), dataKey);
  assert.deepEqual(asked(log), ["run pass", "ask the identity file SOPS_AGE_KEY_FILE"]);
  assert.equal(log.filter((line) => line === "read /sealed").length, 1);
});

test("an identity file that age itself encrypted opens", async () => {
  const answer = { "the identity file ~/.age/key.txt": "pw" };
  const { keyring } = await start({ files: { ".age/key.txt": read("age/identities.age.asc") }, passphrases: answer });
  const recipient = /public key: (\S+)/.exec(read("golden/sops/keys/age1.txt"))?.[1] ?? "";
  assert.ok((await keyring.openDataKey(await entryFor(recipient))) !== null);
});

test("an entry that is labelled for nobody we know is tried with every open key", async () => {
  const { keyring } = await start({ env: { SOPS_AGE_KEY: `${alice.secret} ${bob.secret}` } });
  assert.ok((await keyring.openDataKey(await entryFor(bob.recipient, carol.recipient))) !== null);
  assert.ok((await keyring.openDataKey(await entryFor(bob.recipient, "__proto__"))) !== null);
});

test("an entry that is labelled for one key is not tried with another", async () => {
  const { keyring } = await start({ env: { SOPS_AGE_KEY: `${alice.secret} ${bob.secret}` } });
  assert.equal(await keyring.openDataKey(await entryFor(bob.recipient, alice.recipient)), null);
});

test("a damaged entry is told, unless another one opens", async () => {
  const { keyring } = await start({ env: { SOPS_AGE_KEY: alice.secret } });
  const damaged = { recipient: alice.recipient, enc: "hunter2" };
  await assert.rejects(
    keyring.openDataKey(damaged),
    (error) => error instanceof SecretsError && error.code === "E_AGE_ARMOR",
  );
  assert.ok((await keyring.openAnyDataKey([damaged, await entryFor(alice.recipient)])) !== null);
  assert.equal(await keyring.openAnyDataKey([]), null);
});

test("plugins are named, and no problem", async () => {
  const plugin = encodeBech32("age-plugin-yubikey-", Buffer.alloc(9, 1)).toUpperCase();
  const { keyring } = await start({ files: { [keysTxt]: `${plugin}\n${alice.secret}\n` } });
  const place = keyring.places.find((candidate) => candidate.found);
  assert.deepEqual([place?.plugins, place?.identities, place?.problem], [["yubikey"], [alice.recipient], undefined]);
});

test("Ctrl-C at a prompt or in a command ends the search", async () => {
  const stop = new SecretsError("E_INTERRUPTED", "Stopped.", { kind: "interrupted" });
  const files = new Map([
    ["/h/.ssh/id_ed25519", locked.key],
    ["/h/.age/key.txt", read("age/identities.age.asc")],
  ]);
  for (const env of [{}, { SOPS_AGE_KEY_CMD: "pass" }]) {
    const keyring = await loadKeyring({
      env,
      home: "/h",
      platform: "linux",
      readFile: async (path) => (files.has(path) ? Buffer.from(files.get(path) ?? "") : null),
      runCommand: () => Promise.reject(stop),
      askPassphrase: () => Promise.reject(stop),
    });
    for (const recipient of [locked.derived, carol.recipient]) {
      await assert.rejects(keyring.openDataKey(await entryFor(recipient)), (error) => error === stop);
    }
    assert.ok(keyring.places.every((place) => place.problem === undefined));
  }
});

test("entries of other readers are not even looked at when one is ours", async () => {
  const { keyring } = await start({ env: { SOPS_AGE_KEY: `${bob.secret} ${alice.secret}` } });
  const untouchable = (recipient: string) => ({
    recipient,
    get enc(): string {
      throw new Error("was read");
    },
  });
  const entries = [untouchable(carol.recipient), untouchable(plain.line), await entryFor(alice.recipient)];
  assert.ok((await keyring.openAnyDataKey(entries)) !== null);
});
