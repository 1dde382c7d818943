import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { isBoundedWork } from "../../src/age/pem-work.ts";
import { parseSshKeyFile } from "../../src/age/ssh-private-key.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/age/ssh/${name}`, import.meta.url), "latin1").trim();

function pem(...body: readonly (string | Buffer)[]): string {
  const base64 = der(0x30, ...body).toString("base64");
  return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${base64}\n-----END ENCRYPTED PRIVATE KEY-----`;
}

function der(tag: number, ...parts: readonly (string | Buffer)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "hex") : part)));
  return Buffer.concat([Buffer.of(tag, content.length), content]);
}

const seq = (...parts: readonly (string | Buffer)[]) => der(0x30, ...parts);
const int = (value: number) => der(0x02, `${value.toString(16).length % 2 === 0 ? "00" : "0"}${value.toString(16)}`);
const SALT = der(0x04, "0011223344556677");
const PBES2 = der(0x06, "2a864886f70d01050d");
const PBKDF2 = der(0x06, "2a864886f70d01050c");
const PKCS12 = der(0x06, "2a864886f70d010c0103");
const SCRYPT = der(0x06, "2b06010401da47040b");
const KEY = der(0x04, "00".repeat(16));
const cipher = seq(der(0x06, "60864801650304012a"), der(0x04, "00".repeat(16)));
const stretched = (...kdf: readonly Buffer[]) => pem(seq(PBES2, seq(seq(...kdf), cipher)), KEY);

test("what openssl and node write is some milliseconds of work", () => {
  for (const name of ["ed25519-pkcs8-encrypted", "rsa3072-pkcs8-encrypted"]) assert.ok(isBoundedWork(fixture(name)));
  const { privateKey } = generateKeyPairSync("ed25519", {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "pw" },
  });
  assert.ok(isBoundedWork(privateKey.trim()));
});

test("what asks for minutes is refused before anybody is asked for a passphrase", () => {
  for (const [text, bounded] of [
    [stretched(PBKDF2, seq(SALT, int(10_000_000))), true],
    [stretched(PBKDF2, seq(SALT, int(10_000_001))), false],
    [stretched(PBKDF2, seq(SALT, int(0x7fffffff), int(32))), false],
    [stretched(SCRYPT, seq(SALT, int(16384), int(8), int(1))), true],
    [stretched(SCRYPT, seq(SALT, int(16384), int(8), int(16384))), false],
    [pem(seq(PKCS12, seq(SALT, int(2048))), KEY), true],
    [pem(seq(PKCS12, seq(SALT, int(0x7fffffff))), KEY), false],
    [pem(seq(PBES2, seq(seq(PBES2, seq(seq(PBKDF2, seq(SALT, int(1))), cipher)), cipher)), KEY), false],
    [stretched(PBKDF2, seq(SALT, der(0x02, "80"))), false],
    [stretched(PBKDF2, seq(SALT)), false],
    [stretched(PBKDF2), false],
    ["-----BEGIN ENCRYPTED PRIVATE KEY-----\n\n-----END ENCRYPTED PRIVATE KEY-----", false],
    [`${stretched(PBKDF2, seq(SALT, int(1)))}\n${stretched(PBKDF2, seq(SALT, int(0x7fffffff)))}`, false],
  ] as const) {
    assert.equal(isBoundedWork(text), bounded, text);
    if (!bounded) assert.throws(() => parseSshKeyFile(Buffer.from(text)), { code: "E_SSH_KEY" });
    else assert.equal(parseSshKeyFile(Buffer.from(text)).encrypted, true);
  }
});

test("any bytes are read to an answer", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      (bytes) => void isBoundedWork(pem(Buffer.from(bytes).subarray(0, 120))),
    ),
  );
});
