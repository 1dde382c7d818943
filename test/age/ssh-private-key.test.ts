/** Private keys that ssh-keygen and openssl wrote (`fixtures/age/ssh`), whole, locked, damaged. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { decodeArmor } from "../../src/age/armor.ts";
import { decryptWith } from "../../src/age/file.ts";
import { formatHeader, parseHeader } from "../../src/age/header.ts";
import { sshIdentity } from "../../src/age/identity.ts";
import { parseSshKeyFile } from "../../src/age/ssh-private-key.ts";
import { parseSshPublicLine } from "../../src/age/ssh-public-key.ts";
import { SecretsError } from "../../src/errors.ts";

const fixtures = new URL("../../fixtures/age/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, fixtures));
const usable = readdirSync(new URL("files/", fixtures))
  .map((name) => name.replace(/\.age$/, ""))
  .filter((name) => name !== "hybrid");

/** OpenSSH wants five characters for PEM. */
const passphraseOf = (name: string) =>
  name.endsWith("-encrypted") ? "passphrase" : name.includes("-aes") || name.includes("-chacha") ? "pw" : undefined;

const refusal = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof SecretsError && error.code === code && message.test(error.message);

test("there is a file for each cipher and container", () => assert.equal(usable.length, 13));

for (const name of usable) {
  test(`${name} opens what age encrypted to its public half`, async () => {
    const file = parseSshKeyFile(read(`ssh/${name}`));
    const passphrase = passphraseOf(name);
    assert.equal(file.encrypted, passphrase !== undefined);
    const publicKey = parseSshPublicLine(read(`ssh/${name}.pub`).toString());
    if (file.publicKey !== null) assert.equal(file.publicKey.text, publicKey.text);
    const identity = sshIdentity(await file.unlock(passphrase), name);
    assert.equal(identity.recipients[0], publicKey.text);
    assert.equal(
      Buffer.from((await decryptWith([identity], read(`files/${name}.age`))) ?? []).toString(),
      `for ${name}\n`,
    );
    for (const other of ["ed25519-aes256-cbc", "rsa3072-aes256-ctr", "ed25519-pkcs8", "rsa3072-pem"].filter(
      (candidate) => !name.startsWith(candidate),
    )) {
      assert.equal(await decryptWith([identity], read(`files/${other}.age`)), null);
    }
  });
}

for (const name of usable.filter(passphraseOf)) {
  test(`${name} says that the passphrase is wrong or missing`, async () => {
    const file = parseSshKeyFile(read(`ssh/${name}`));
    for (const passphrase of ["wrong", "", "p\0w"]) {
      await assert.rejects(
        file.unlock(passphrase),
        (error) => error instanceof SecretsError && /^E_(PASSPHRASE|SSH_KEY)$/.test(error.code),
      );
    }
    await assert.rejects(file.unlock("wrong"), refusal("E_PASSPHRASE", /another passphrase/));
    await assert.rejects(file.unlock(), refusal("E_PASSPHRASE", /none was given/));
  });
}

test("keys that age cannot use say so", async () => {
  assert.throws(() => parseSshKeyFile(read("ssh/ecdsa")), refusal("E_SSH_KEY", /of a type that age cannot use/));
  assert.throws(() => parseSshKeyFile(read("ssh/rsa1024")), refusal("E_SSH_KEY", /damaged or of a type/));
  assert.throws(() => parseSshKeyFile(read("ssh/ed25519.pub")), refusal("E_SSH_KEY", /does not start like one/));
  assert.throws(() => parseSshKeyFile(Buffer.alloc(40_000, "a")), refusal("E_SSH_KEY", /too large/));
  await assert.rejects(
    parseSshKeyFile(read("ssh/ed25519-aes128-ctr")).unlock("pw"),
    refusal("E_SSH_KEY", /cipher that is not known/),
  );
});

const openSsh = (name: string) =>
  Buffer.from(
    read(`ssh/${name}`)
      .toString()
      .replaceAll(/-----.*-----|\n/g, ""),
    "base64",
  );
const armor = (blob: Uint8Array) =>
  Buffer.from(
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.from(blob).toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`,
  );

test("a file that asks for a day of work is refused at once", async () => {
  const blob = openSsh("ed25519-aes256-ctr");
  const salt = blob.indexOf(Buffer.from([0, 0, 0, 24, 0, 0, 0, 16]));
  for (const rounds of [0, 1025, 0xffffffff]) {
    blob.writeUInt32BE(rounds, salt + 24);
    await assert.rejects(parseSshKeyFile(armor(blob)).unlock("pw"), refusal("E_SSH_KEY", /passphrase rounds/));
  }
});

test("a tag that does not fit is a wrong passphrase, and nothing is read behind it", async () => {
  for (const name of ["ed25519-aes256-gcm", "ed25519-chacha20-poly1305"]) {
    const blob = openSsh(name);
    blob[blob.length - 1] = (blob.at(-1) ?? 0) ^ 1;
    await assert.rejects(parseSshKeyFile(armor(blob)).unlock("pw"), refusal("E_PASSPHRASE", /another passphrase/));
  }
});

test("a private half under another public half is refused", async () => {
  const blob = openSsh("ed25519");
  const other = openSsh("ed25519-aes256-ctr");
  const at = (bytes: Buffer) => bytes.indexOf("ssh-ed25519");
  other.copy(blob, at(blob), at(other), at(other) + 11 + 4 + 32);
  await assert.rejects(parseSshKeyFile(armor(blob)).unlock(), refusal("E_SSH_KEY", /its own public half/));
});

test("an RSA private half under another public half is refused", async () => {
  const blob = openSsh("rsa3072");
  const other = openSsh("rsa3072-aes256-ctr");
  const at = (bytes: Buffer) => bytes.indexOf("ssh-rsa");
  other.copy(blob, at(blob), at(other), at(other) + 7 + 4 + 3 + 4 + 385);
  await assert.rejects(parseSshKeyFile(armor(blob)).unlock(), refusal("E_SSH_KEY", /its own public half/));
});

test("padding, number of keys and length are as OpenSSH writes them", async () => {
  const blob = openSsh("ed25519");
  const padded = Buffer.from(blob);
  padded[padded.length - 1] = 0;
  await assert.rejects(parseSshKeyFile(armor(padded)).unlock(), refusal("E_SSH_KEY", /damaged/));
  const two = Buffer.from(blob);
  two.writeUInt32BE(2, blob.indexOf("ssh-ed25519") - 12);
  assert.throws(() => parseSshKeyFile(armor(two)), refusal("E_SSH_KEY", /more than one key/));
  const longer = Buffer.concat([blob, Buffer.of(0)]);
  assert.throws(() => parseSshKeyFile(armor(longer)), refusal("E_SSH_KEY", /behind its end/));
});

for (const name of ["ed25519", "rsa3072"]) {
  test(`${name}: a stanza with our tag that does not open is damage, not somebody else's`, async () => {
    const identity = sshIdentity(await parseSshKeyFile(read(`ssh/${name}`)).unlock(), name);
    const { stanzas } = parseHeader(decodeArmor(read(`files/${name}.age`).toString()));
    const changed = stanzas.map(({ args, body }) => ({ args, body: body.map((byte) => byte ^ 1) }));
    const file = Buffer.concat([formatHeader(changed, Buffer.alloc(16)), Buffer.alloc(32)]);
    await assert.rejects(decryptWith([identity], file), refusal("E_AGE_HEADER", /does not open/));
  });
}

test("cut at any byte, an unencrypted key is an error with a code", async () => {
  for (const name of ["ed25519", "rsa3072"]) {
    const blob = openSsh(name);
    for (let length = 0; length < blob.length; length += name === "ed25519" ? 1 : 13) {
      await assert.rejects(
        async () => parseSshKeyFile(armor(blob.subarray(0, length))).unlock(),
        refusal("E_SSH_KEY", /./),
      );
    }
  }
});

test("changed bytes are a key or an error with a code", async () => {
  const texts = ["ed25519", "rsa3072", "rsa3072-pem", "ed25519-pkcs8"].map((name) => read(`ssh/${name}`));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...texts), fc.nat(), fc.nat(255), async (text, at, byte) => {
      const changed = Uint8Array.from(text);
      changed[at % changed.length] = byte;
      await settles(changed);
    }),
    { numRuns: 150 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      await settles(bytes);
      await settles(armor(Buffer.concat([Buffer.from("openssh-key-v1\0"), bytes])));
    }),
    { numRuns: 150 },
  );
});

async function settles(file: Uint8Array): Promise<void> {
  try {
    await parseSshKeyFile(file).unlock();
  } catch (error) {
    assert.ok(error instanceof SecretsError, String(error));
  }
}
