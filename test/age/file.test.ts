/** Whole files, both ways, with age's own TypeScript library as the other side. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  Decrypter,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from "age-encryption";
import fc from "fast-check";
import { decodeArmor, encodeArmor } from "../../src/age/armor.ts";
import { encodeBech32 } from "../../src/age/bech32.ts";
import { decryptWith, encryptTo, encryptToBinary } from "../../src/age/file.ts";
import { formatHeader, parseHeader, type Stanza } from "../../src/age/header.ts";
import { type Identity, parseIdentities, passphraseIdentity, sshIdentity } from "../../src/age/identity.ts";
import { openPayload, sealPayload } from "../../src/age/payload.ts";
import { parseRecipient } from "../../src/age/recipient.ts";
import { parseSshKeyFile } from "../../src/age/ssh-private-key.ts";
import { SecretsError } from "../../src/errors.ts";

const code = (expected: string) => (error: unknown) => error instanceof SecretsError && error.code === expected;
const ssh = parseRecipient("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+DUmrtoweXxBXbhVzUU3Gq/fEY+BElmIHsfq6QQvgq dave");

interface Pair {
  readonly secret: string;
  readonly text: string;
  readonly identity: Identity;
}

async function pair(secret: string): Promise<Pair> {
  const [identity] = (await parseIdentities(secret, "test")).identities;
  assert.ok(identity !== undefined);
  return { secret, text: await identityToRecipient(secret), identity };
}

const alice = await pair(await generateX25519Identity());
const bob = await pair(await generateX25519Identity());
const quantum = await pair(await generateHybridIdentity());
const sizes = [0, 1, 32, 65535, 65536, 65537, 131072, 200_000];

for (const [kind, key] of [
  ["X25519", alice],
  ["hybrid", quantum],
] as const) {
  test(`${kind}: what is written here is read by the library, and the reverse`, async () => {
    assert.deepEqual(key.identity.recipients, [key.text]);
    for (const size of sizes) {
      const plaintext = Buffer.alloc(size, "x");
      const decrypter = new Decrypter();
      decrypter.addIdentity(key.secret);
      const mine = await encryptTo([parseRecipient(key.text)], plaintext);
      assert.deepEqual(Buffer.from(await decrypter.decrypt(decodeArmor(mine))), plaintext);
      assert.deepEqual(Buffer.from((await decryptWith([key.identity], mine)) ?? []), plaintext);
      const encrypter = new Encrypter();
      encrypter.addRecipient(key.text);
      const theirs = await encrypter.encrypt(plaintext);
      assert.deepEqual(Buffer.from((await decryptWith([bob.identity, key.identity], theirs)) ?? []), plaintext);
      assert.equal(await decryptWith([bob.identity], theirs), null);
    }
  });
}

test("keys made at random work both ways", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ maxLength: 100 }),
      async (scalar, plaintext) => {
        const key = await pair(encodeBech32("age-secret-key-", scalar).toUpperCase());
        assert.deepEqual(key.identity.recipients, [key.text]);
        const decrypter = new Decrypter();
        decrypter.addIdentity(key.secret);
        const file = await encryptToBinary([parseRecipient(key.text)], plaintext);
        assert.deepEqual(await decrypter.decrypt(file), plaintext);
      },
    ),
    { numRuns: 25 },
  );
});

test("each of several recipients reads the file", async () => {
  const file = await encryptToBinary([ssh, parseRecipient(alice.text), parseRecipient(bob.text)], Buffer.from("x"));
  assert.deepEqual(
    parseHeader(file).stanzas.map((stanza) => stanza.args[0]),
    ["ssh-ed25519", "X25519", "X25519"],
  );
  for (const { identity } of [alice, bob])
    assert.equal(Buffer.from((await decryptWith([identity], file)) ?? []).toString(), "x");
  const both = [quantum, await pair(await generateHybridIdentity())];
  const safe = await encryptToBinary(
    both.map(({ text }) => parseRecipient(text)),
    Buffer.from("y"),
  );
  for (const { identity } of both)
    assert.equal(Buffer.from((await decryptWith([identity], safe)) ?? []).toString(), "y");
});

test("no two files of the same plaintext are alike", async () => {
  const made = await Promise.all(
    Array.from({ length: 20 }, () => encryptTo([parseRecipient(alice.text)], Buffer.alloc(32))),
  );
  assert.equal(new Set(made.map((file) => file.split("\n")[2])).size, made.length);
});

test("recipients that must not stand together, or cannot be served, are refused", async () => {
  const plugin = parseRecipient(encodeBech32("age1yubikey", Buffer.alloc(33, 2)));
  const point = Buffer.from("036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", "hex");
  const tag = parseRecipient(encodeBech32("age1tag", point));
  const badTag = parseRecipient(encodeBech32("age1tag", Buffer.alloc(33, 9)));
  const none = Buffer.alloc(0);
  await assert.rejects(encryptTo([], none), code("E_RECIPIENT"));
  await assert.rejects(
    encryptTo([parseRecipient(quantum.text), parseRecipient(alice.text)], none),
    code("E_RECIPIENT"),
  );
  await assert.rejects(encryptTo([tag, parseRecipient(quantum.text)], none), code("E_RECIPIENT"));
  await assert.rejects(encryptTo([parseRecipient(alice.text), plugin], none), code("E_AGE_PLUGIN"));
  await assert.rejects(encryptTo([badTag], none), code("E_RECIPIENT"));
  const mixed = await encryptToBinary([parseRecipient(alice.text), tag], Buffer.from("z"));
  assert.deepEqual(
    parseHeader(mixed).stanzas.map((stanza) => stanza.args[0]),
    ["p256tag", "X25519"],
  );
  assert.equal(Buffer.from((await decryptWith([alice.identity], mixed)) ?? []).toString(), "z");
});

test("a passphrase opens only its own file", async () => {
  const encrypter = new Encrypter();
  encrypter.setPassphrase("päss");
  encrypter.setScryptWorkFactor(8);
  const file = await encrypter.encrypt("x");
  assert.equal(
    Buffer.from((await decryptWith([alice.identity, passphraseIdentity("päss", "test")], file)) ?? []).toString(),
    "x",
  );
  assert.equal(await decryptWith([passphraseIdentity("pass", "test")], file), null);
  assert.equal(await decryptWith([passphraseIdentity("päss", "test")], await encryptTo([ssh], Buffer.alloc(1))), null);
});

test("a passphrase that would cost gigabytes is refused before anything is computed", async () => {
  const stanza = { args: ["scrypt", "A".repeat(22), "23"], body: new Uint8Array(32) };
  const file = Buffer.concat([formatHeader([stanza], new Uint8Array(16)), Buffer.alloc(32)]);
  await assert.rejects(decryptWith([passphraseIdentity("x", "test")], file), code("E_AGE_HEADER"));
});

test("any bytes are opened, or not ours, or an error with a code", async () => {
  const files = [
    Buffer.from(await encryptTo([parseRecipient(alice.text)], Buffer.alloc(40))),
    Buffer.from(await encryptToBinary([ssh, parseRecipient(alice.text)], Buffer.alloc(40))),
    Buffer.alloc(0),
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.nat(),
      fc.nat(),
      fc.uint8Array({ maxLength: 40 }),
      async (file, at, cut, bytes) => {
        const start = at % (file.length + 1);
        const hostile = Buffer.concat([file.subarray(0, start), bytes, file.subarray(start + (cut % 50))]);
        try {
          const plaintext = await decryptWith([alice.identity], hostile);
          if (plaintext !== null) assert.deepEqual(Buffer.from(plaintext), Buffer.alloc(40));
        } catch (error) {
          assert.ok(error instanceof SecretsError && error.code.startsWith("E_AGE_"), String(error));
        }
      },
    ),
    { numRuns: 400 },
  );
});

/** A file that no age program would write, with a right MAC and payload. */
function forge(fileKey: Uint8Array, stanzas: readonly Stanza[]): Uint8Array {
  return Buffer.concat([formatHeader(stanzas, fileKey), sealPayload(fileKey, Buffer.from("x"))]);
}

test("a file key of another length than 16 bytes is refused", async () => {
  const fixtures = new URL("../../fixtures/age/ssh/", import.meta.url);
  const identity = sshIdentity(await parseSshKeyFile(readFileSync(new URL("rsa3072", fixtures))).unlock(), "test");
  const recipient = parseRecipient(readFileSync(new URL("rsa3072.pub", fixtures), "utf8"));
  assert.ok("wrapFileKey" in recipient);
  for (const length of [0, 15, 17, 32]) {
    const fileKey = Buffer.alloc(length, 1);
    await assert.rejects(
      decryptWith([identity], forge(fileKey, [recipient.wrapFileKey(fileKey)])),
      code("E_AGE_HEADER"),
    );
  }
});

test("an SSH key serves any number of files, sealed and opened by the same objects or by others", async () => {
  const fixtures = new URL("../../fixtures/age/", import.meta.url);
  const read = (name: string) => readFileSync(new URL(name, fixtures), "utf8");
  const identity = async () => sshIdentity(await parseSshKeyFile(Buffer.from(read("ssh/ed25519"))).unlock(), "test");
  const [mine, another] = [await identity(), await identity()];
  const recipient = parseRecipient(read("ssh/ed25519.pub"));
  const files = await Promise.all([1, 2, 3].map((n) => encryptTo([recipient], Buffer.of(n))));
  for (const [i, file] of files.entries())
    for (const each of [mine, another])
      assert.deepEqual(Buffer.from((await decryptWith([each], file)) ?? []), Buffer.of(i + 1));
  // Made by age itself.
  for (let i = 0; i < 2; i++) assert.notEqual(await decryptWith([mine], read("files/ed25519.age")), null);
});

test("a stanza body of the wrong length is refused before it is decrypted", async () => {
  const fileKey = Buffer.alloc(16, 1);
  const recipient = parseRecipient(alice.text);
  assert.ok("wrapFileKey" in recipient);
  const { args } = recipient.wrapFileKey(fileKey);
  for (const length of [0, 16, 31, 33, 48]) {
    const file = forge(fileKey, [{ args, body: Buffer.alloc(length) }]);
    await assert.rejects(decryptWith([alice.identity], file), code("E_AGE_HEADER"));
  }
});

test("a passphrase beside another recipient is refused for that recipient, too", async () => {
  const fileKey = Buffer.alloc(16, 1);
  const recipient = parseRecipient(alice.text);
  assert.ok("wrapFileKey" in recipient);
  const scrypt = { args: ["scrypt", "A".repeat(22), "10"], body: new Uint8Array(32) };
  await assert.rejects(
    decryptWith([alice.identity], forge(fileKey, [recipient.wrapFileKey(fileKey), scrypt])),
    code("E_AGE_HEADER"),
  );
});

test("a header without recipients is refused", async () => {
  await assert.rejects(decryptWith([alice.identity], forge(Buffer.alloc(16), [])), code("E_AGE_HEADER"));
});

test("a header with more recipients than anybody has is refused", async () => {
  const stanza = { args: ["X25519", "A".repeat(43)], body: new Uint8Array(32) };
  const file = formatHeader(new Array(1001).fill(stanza), new Uint8Array(16));
  await assert.rejects(decryptWith([alice.identity], Buffer.concat([file, Buffer.alloc(32)])), (error) => {
    return error instanceof SecretsError && /more than 1000/.test(error.message);
  });
});

test("armor takes linear time, whatever it holds", () => {
  const started = performance.now();
  for (const text of [
    " ".repeat(4e6),
    `${" ".repeat(2e6)}x${" ".repeat(2e6)}x`,
    "-----BEGIN AGE ENCRYPTED FILE-----\n".repeat(1e5),
    "\r".repeat(4e6),
  ]) {
    assert.throws(() => decodeArmor(text), code("E_AGE_ARMOR"));
  }
  assert.ok(performance.now() - started < 2000);
});

test("armor and payload are undone by their opposites", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      (bytes, fileKey) => {
        assert.deepEqual(Buffer.from(decodeArmor(encodeArmor(bytes))), Buffer.from(bytes));
        assert.deepEqual(Buffer.from(openPayload(fileKey, sealPayload(fileKey, bytes))), Buffer.from(bytes));
      },
    ),
  );
});

test("what an identity opened survives the wiping of the keys", async () => {
  const file = await encryptTo([parseRecipient(alice.text)], Buffer.from("kept"));
  const first = await decryptWith([alice.identity], file);
  const second = await decryptWith([alice.identity], file);
  assert.equal(Buffer.from(first ?? []).toString(), "kept");
  assert.equal(Buffer.from(second ?? []).toString(), "kept");
});
