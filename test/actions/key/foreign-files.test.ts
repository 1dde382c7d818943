/** What people give by mistake where a key is wanted: each is told for what it is, and nothing of it is repeated. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { convertPublicKeys } from "../../../src/actions/key/convert-keys.ts";
import { deriveIdentity, entriesOfAgeFile, entryOfSshKey } from "../../../src/actions/key/import-keys.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { encryptTo } from "../../../src/age/file.ts";
import { parseRecipient } from "../../../src/age/recipient.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { SecretsError } from "../../../src/errors.ts";

const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/age/ssh/${name}`, import.meta.url));
const pair = makeSshKeyPair("ada");
const age = makeAgeKey();

/** In each of them the word that must not come back. */
const SECRET = /hush/i;
const pem = (label: string) => `-----BEGIN ${label}-----\nhushhushhush\n-----END ${label}-----\n`;

interface Case {
  readonly name: string;
  readonly bytes: Uint8Array | string;
  /** Codes of `key import`, `key import --from-ssh`, `key convert`; undefined: it works, or skips lines. */
  readonly codes: readonly [age: string | undefined, ssh: string | undefined, convert: string | undefined];
}

const CASES: readonly Case[] = [
  { name: "empty", bytes: "", codes: ["E_KEY_FILE", "E_KEY_FILE", "E_KEY_FILE"] },
  { name: "blank lines", bytes: "\n \r\n", codes: ["E_KEY_FILE", "E_KEY_FILE", "E_KEY_FILE"] },
  { name: "comments alone", bytes: "# hush\n", codes: ["E_KEY_FILE", "E_SSH_KEY", undefined] },
  { name: "NUL bytes", bytes: "hush\0hush", codes: ["E_KEY_FILE", "E_KEY_FILE", "E_KEY_FILE"] },
  {
    name: "UTF-16",
    bytes: Buffer.from(`\ufeff${age.identity}`, "utf16le"),
    codes: ["E_KEY_FILE", "E_KEY_FILE", "E_KEY_FILE"],
  },
  {
    name: "noise",
    bytes: Buffer.from("hush\x01\xff\xfe hush", "latin1"),
    codes: ["E_IDENTITY", "E_SSH_KEY", undefined],
  },
  {
    name: "PuTTY",
    bytes: "PuTTY-User-Key-File-3: ssh-ed25519\nhush",
    codes: ["E_KEY_FILE", "E_KEY_FILE", "E_KEY_FILE"],
  },
  {
    name: "RFC 4716",
    bytes: "---- BEGIN SSH2 PUBLIC KEY ----\nhush",
    codes: ["E_KEY_FILE", "E_KEY_FILE", "E_KEY_FILE"],
  },
  { name: "public PEM", bytes: pem("PUBLIC KEY"), codes: ["E_KEY_FILE", "E_KEY_FILE", "E_KEY_FILE"] },
  { name: "X.509", bytes: pem("CERTIFICATE"), codes: ["E_KEY_FILE", "E_KEY_FILE", "E_KEY_FILE"] },
  { name: "PGP", bytes: pem("PGP PRIVATE KEY BLOCK"), codes: ["E_KEY_FILE", "E_KEY_FILE", "E_KEY_FILE"] },
  { name: "damaged OpenSSH", bytes: pem("OPENSSH PRIVATE KEY"), codes: ["E_KEY_FILE", "E_SSH_KEY", "E_SSH_KEY"] },
  { name: "truncated OpenSSH", bytes: pair.privateKey.slice(0, 200), codes: ["E_KEY_FILE", "E_SSH_KEY", "E_SSH_KEY"] },
  { name: "damaged PKCS#8", bytes: pem("PRIVATE KEY"), codes: ["E_KEY_FILE", "E_SSH_KEY", "E_SSH_KEY"] },
  { name: "RSA, OpenSSH", bytes: fixture("rsa3072"), codes: ["E_KEY_FILE", "E_SSH_KEY", undefined] },
  { name: "RSA, PEM", bytes: fixture("rsa3072-pem"), codes: ["E_KEY_FILE", "E_SSH_KEY", undefined] },
  { name: "ECDSA", bytes: fixture("ecdsa"), codes: ["E_KEY_FILE", "E_SSH_KEY", "E_SSH_KEY"] },
  { name: "public ECDSA", bytes: fixture("ecdsa.pub"), codes: ["E_IDENTITY", "E_KEY_FILE", undefined] },
  { name: "public Ed25519", bytes: pair.publicKey, codes: ["E_IDENTITY", "E_KEY_FILE", undefined] },
  { name: "known_hosts", bytes: `web01 ${pair.publicKey}`, codes: ["E_IDENTITY", "E_KEY_FILE", undefined] },
  { name: "private Ed25519", bytes: pair.privateKey, codes: ["E_KEY_FILE", undefined, undefined] },
  {
    name: "the same with CRLF",
    bytes: pair.privateKey.replaceAll("\n", "\r\n"),
    codes: ["E_KEY_FILE", undefined, undefined],
  },
  { name: "Ed25519, PKCS#8", bytes: fixture("ed25519-pkcs8"), codes: ["E_KEY_FILE", undefined, undefined] },
  {
    name: "encrypted PKCS#8",
    bytes: fixture("ed25519-pkcs8-encrypted"),
    codes: ["E_KEY_FILE", "E_PASSPHRASE", "E_KEY_FILE"],
  },
  { name: "encrypted OpenSSH", bytes: fixture("ed25519-aes256-ctr"), codes: ["E_KEY_FILE", "E_PASSPHRASE", undefined] },
  { name: "an age key", bytes: `${age.identity}\n`, codes: [undefined, "E_KEY_FILE", undefined] },
  {
    name: "the same with CRLF and blanks",
    bytes: `# c\r\n ${age.identity} \r\n`,
    codes: [undefined, "E_KEY_FILE", undefined],
  },
  { name: "a cut age key", bytes: age.identity.slice(0, -3), codes: ["E_IDENTITY", "E_KEY_FILE", undefined] },
  { name: "a public age key", bytes: age.recipient, codes: ["E_IDENTITY", "E_SSH_KEY", undefined] },
  {
    name: "behind a passphrase",
    bytes: readFileSync(new URL("../../../fixtures/age/identities.age.asc", import.meta.url)),
    codes: ["E_PASSPHRASE", "E_SSH_KEY", undefined],
  },
  { name: "a damaged age file", bytes: "age-encryption.org/v1\nhush", codes: ["E_PASSPHRASE", "E_SSH_KEY", undefined] },
];

const nobody = async () => null;

for (const { name, bytes, codes } of CASES) {
  test(`given by mistake: ${name}`, async () => {
    const text = () => ({ name: "key", origin: "key", bytes: Buffer.from(bytes as Uint8Array) });
    const [ofAge, ofSsh, ofConvert] = codes;
    await expectCode(() => entriesOfAgeFile(text(), "2026-03-01", nobody), ofAge);
    await expectCode(() => entryOfSshKey(text(), "2026-03-01", nobody), ofSsh);
    await expectCode(() => deriveIdentity(text(), nobody), ofSsh);
    await expectCode(async () => {
      const { keys, skipped } = convertPublicKeys([text()]);
      assert.doesNotMatch(JSON.stringify([keys, skipped]), SECRET);
      return keys;
    }, ofConvert);
  });
}

test("a file behind a passphrase is opened by it, and by no other", async () => {
  const file = () => ({
    name: "key",
    origin: "key",
    bytes: readFileSync(new URL("../../../fixtures/age/identities.age.asc", import.meta.url)),
  });
  const [only] = await entriesOfAgeFile(file(), "2026-03-01", async () => "pw");
  assert.match(only?.identity ?? "", /^AGE-SECRET-KEY-1/);
  await expectCode(() => entriesOfAgeFile(file(), "2026-03-01", async () => "hush"), "E_PASSPHRASE");
});

test("a file that is sealed to a key, and not to a passphrase, gives none", async () => {
  const sealed = await encryptTo([parseRecipient(age.recipient)], Buffer.from(age.identity));
  const text = { name: "key", origin: "key", bytes: Buffer.from(sealed) };
  await expectCode(() => entriesOfAgeFile(text, "2026-03-01", async () => "pw"), "E_PASSPHRASE");
});

async function expectCode(work: () => Promise<unknown>, code: string | undefined): Promise<void> {
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (code === undefined) {
    assert.equal(error, undefined);
    return;
  }
  assert.ok(error instanceof SecretsError, `${error}`);
  assert.equal(error.code, code);
  assert.equal(error.location?.file, "key");
  assert.doesNotMatch(JSON.stringify([error.message, error.hint]), SECRET);
  assert.ok(!error.message.includes(age.identity.slice(20, 40)));
}
