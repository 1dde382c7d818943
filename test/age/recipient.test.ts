import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { encodeBech32 } from "../../src/age/bech32.ts";
import { parseRecipient, recipientId, sameRecipient } from "../../src/age/recipient.ts";
import { SecretsError } from "../../src/errors.ts";

const fixtures = new URL("../../fixtures/age/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, fixtures), "utf8");
const x25519 = "age1e9yjp2frh7gypht86n7fxk085twd5fd34hu8a936ad8w8rp3944qlzku92";
const secret = "AGE-SECRET-KEY-10M8MHTLG05A44ZNWZF24GU5MQXFHY0T58PZX4DQLJ3TW9P9KEGXQDUQYPA";
const hybrid = /age1pq1\S+/.exec(read("hybrid.txt"))?.[0] ?? "";
const ed25519 = read("ssh/ed25519.pub").trim();
const blob = (...fields: Uint8Array[]) =>
  Buffer.concat(
    fields.flatMap((field) => [Buffer.from([0, 0, field.length >> 8, field.length & 255]), field]),
  ).toString("base64");
const rsa = (exponent: Uint8Array, modulus: Uint8Array) => `ssh-rsa ${blob(Buffer.from("ssh-rsa"), exponent, modulus)}`;

for (const [kind, text] of [
  ["x25519", x25519],
  ["x25519", `  ${x25519}\r\n`],
  ["hybrid", hybrid],
  ["tag", encodeBech32("age1tag", Buffer.alloc(33, 2))],
  ["tag", encodeBech32("age1tagpq", Buffer.alloc(1249, 2))],
  ["ssh-ed25519", ed25519],
  ["ssh-rsa", read("ssh/rsa3072.pub")],
  ["plugin", encodeBech32("age1yubikey", Buffer.alloc(33, 2))],
  ["plugin", encodeBech32("age1se", Buffer.alloc(0))],
] as const) {
  test(`${kind}: ${text.trim().slice(0, 24)}…`, () => {
    const recipient = parseRecipient(text);
    assert.equal(recipient.kind, kind);
    assert.equal(recipient.text, text.trim());
  });
}

test("a plugin is named", () => {
  const recipient = parseRecipient(encodeBech32("age1yubikey", Buffer.alloc(33, 2)));
  assert.equal(recipient.kind === "plugin" && recipient.plugin, "yubikey");
});

for (const [name, text, reason] of [
  ["nothing", " \n", /is empty/],
  ["a private key", secret, /is a private key/],
  ["a post-quantum private key", "AGE-SECRET-KEY-PQ-1XXX", /is a private key/],
  ["a private key in lower case", secret.toLowerCase(), /is a private key/],
  ["a plugin identity", "AGE-PLUGIN-YUBIKEY-1XXX", /is an identity of a plugin/],
  ["an SSH private key", "-----BEGIN OPENSSH PRIVATE KEY-----\nx", /is a private key/],
  ["upper case", x25519.toUpperCase(), /upper case/],
  ["mixed case", x25519.replace("e9y", "E9Y"), /mistyped/],
  ["a typing error", x25519.replace("e9y", "e9x"), /mistyped/],
  ["two keys", `${x25519}\n${x25519}`, /control character/],
  ["a comma list", `${x25519},${x25519}`, /mistyped/],
  ["a short key", encodeBech32("age", Buffer.alloc(31)), /wrong length/],
  ["a short post-quantum key", encodeBech32("age1pq", Buffer.alloc(32)), /wrong length/],
  ["a plugin that is a path", encodeBech32("age1../x", Buffer.alloc(3)), /wrong length/],
  ["a plugin without a name", encodeBech32("age1", Buffer.alloc(3)), /wrong length/],
  ["a GPG fingerprint", "0123456789ABCDEF", /unknown kind/],
  ["an escape sequence in a comment", `${ed25519} \x1b[2J`, /control character/],
  ["a C1 control sequence in a comment", `${ed25519} \x9b2J`, /control character/],
  ["a line separator in a comment", `${ed25519} a\u2028b`, /control character/],
  ["ECDSA", read("ssh/ecdsa.pub"), /this type of SSH key/],
  ["a security key", "sk-ssh-ed25519@openssh.com AAAA", /this type of SSH key/],
  ["a certificate", "ssh-ed25519-cert-v01@openssh.com AAAA", /this type of SSH key/],
  ["RSA of 1024 bits", read("ssh/rsa1024.pub"), /only 1024 bits/],
  ["RSA of 20000 bits", rsa(Buffer.of(1, 0, 1), Buffer.alloc(2500, 0x7f)), /more than 16384 bits/],
  ["RSA with exponent 1", rsa(Buffer.of(1), Buffer.alloc(300, 0x7f)), /exponent/],
  ["RSA with an even exponent", rsa(Buffer.of(1, 0, 2), Buffer.alloc(300, 0x7f)), /exponent/],
  ["RSA with a huge exponent", rsa(Buffer.alloc(200, 0x7f), Buffer.alloc(300, 0x7f)), /exponent/],
  ["RSA with a negative modulus", rsa(Buffer.of(1, 0, 1), Buffer.alloc(300, 0xff)), /cut off or too long/],
  ["another label than blob", read("ssh/ed25519.pub").replace("ssh-ed25519", "ssh-rsa"), /another type/],
  ["no blob", "ssh-ed25519", /cut off/],
  ["bad base64", "ssh-ed25519 AAAA!", /base64/],
  ["a cut blob", ed25519.slice(0, 60), /cut off|base64/],
  [
    "bytes behind the key",
    `ssh-ed25519 ${blob(Buffer.from("ssh-ed25519"), Buffer.alloc(32, 3), Buffer.alloc(1))}`,
    /too long/,
  ],
  [
    "no point of the curve",
    `ssh-ed25519 ${blob(Buffer.from("ssh-ed25519"), Buffer.concat([Buffer.of(2), Buffer.alloc(31)]))}`,
    /no point/,
  ],
] as const) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => parseRecipient(text),
      (error) =>
        error instanceof SecretsError &&
        error.code === "E_RECIPIENT" &&
        reason.test(error.message) &&
        noEcho(error, text),
    );
  });
}

/** What was pasted may be a private key: no message repeats it. */
function noEcho(error: SecretsError, text: string): boolean {
  return !`${error.message} ${error.hint}`.includes(text.trim().slice(0, 24) || "\0");
}

test("a key of small order is refused when it is used", () => {
  for (const u of [Buffer.alloc(32), Buffer.concat([Buffer.of(1), Buffer.alloc(31)])]) {
    const recipient = parseRecipient(encodeBech32("age", u));
    assert.ok(recipient.kind === "x25519");
    assert.throws(
      () => recipient.wrapFileKey(new Uint8Array(16)),
      (e) => e instanceof SecretsError && e.code === "E_RECIPIENT",
    );
  }
});

test("a comment is no part of who a recipient is", () => {
  const bare = ed25519.split(" ", 2).join(" ");
  assert.ok(sameRecipient(ed25519, bare));
  assert.ok(sameRecipient(`${bare} other comment`, `\t${bare.replace(" ", "\t")}\n`));
  assert.equal(recipientId(` ${x25519}\n`), x25519);
  assert.ok(!sameRecipient(x25519, bare));
});

test("any text is a recipient or an error with a code, and any text has an id", () => {
  const start = fc.constantFrom(
    "",
    "age1",
    "age1pq1",
    "ssh-ed25519 ",
    "ssh-rsa AAAAB3NzaC1yc2E",
    "AGE-",
    `${ed25519} `,
  );
  fc.assert(
    fc.property(start, fc.string(), (prefix, rest) => {
      const text = prefix + rest;
      recipientId(text);
      try {
        parseRecipient(text);
      } catch (error) {
        assert.ok(error instanceof SecretsError && error.code === "E_RECIPIENT", String(error));
      }
    }),
  );
});
