import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { personKeys } from "../../../src/actions/principal/person-keys.ts";
import { tellKey } from "../../../src/actions/principal/stated-key.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { sshToAgeRecipient } from "../../../src/age/ssh.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { SecretsError } from "../../../src/errors.ts";

const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/age/ssh/${name}`, import.meta.url), "latin1");
const bare = (line: string) => line.trim().split(" ").slice(0, 2).join(" ");
const PAIR = makeSshKeyPair("ada");
const ED25519 = bare(PAIR.publicKey);
const RSA = bare(fixture("rsa3072.pub"));
const AGE = makeAgeKey();
const DERIVED = sshToAgeRecipient(ED25519);

const read = (text: string, { fromGithub = false, asAge = false, typed = [] as string[] } = {}) =>
  personKeys({ typed, files: [{ name: "keys", text, fromGithub }], asAge });
const ids = ({ keys }: ReturnType<typeof read>) => keys.map(({ id }) => id);

test("keys from everywhere, in the order given; one that is given twice is taken once, and told", () => {
  const got = read(`${ED25519} x\n${RSA}\n${ED25519} y\n`, { typed: [AGE.recipient, `${RSA} z`] });
  assert.deepEqual(ids(got), [AGE.recipient, RSA, ED25519]);
  assert.deepEqual(
    got.notes,
    [RSA, ED25519].map((id) => `${tellKey({ id })} was given twice, and is taken once`),
  );
  assert.match(tellKey({ id: ED25519 }), /^ssh-ed25519 SHA256:[A-Za-z0-9+/]{43}$/);
});

test("an SSH key and the age key derived from it are both taken, and told to be one", () => {
  const got = read(ED25519, { typed: [DERIVED] });
  assert.deepEqual(ids(got), [DERIVED, ED25519]);
  assert.match(got.notes.join(), /is derived from ssh-ed25519 SHA256:\S+: who has the one has the other$/);
});

test("as age keys: those of Ed25519 keys, wherever they come from; an RSA key has none", () => {
  const got = read(`${RSA}\n${ED25519}\n${AGE.recipient}`, { asAge: true, typed: [ED25519] });
  assert.deepEqual(ids(got), [DERIVED, AGE.recipient]);
  assert.match(got.notes[0] ?? "", /^keys: line 1 is an RSA key, and only Ed25519 keys can be turned/);
  assert.throws(() => read(RSA, { asAge: true }), { code: "E_KEY_FILE", hint: /line 1 is an RSA key/ });
  assert.throws(() => read("", { asAge: true, typed: [RSA] }), { code: "E_RECIPIENT" });
});

const REFUSED: readonly (readonly [name: string, text: string, message: RegExp, hint: RegExp, line?: number])[] = [
  ["an OpenSSH private key", PAIR.privateKey, /private key/, /ssh-keygen -y -f keys/, 1],
  ["one behind a public key", `${ED25519}\n\n${PAIR.privateKey}`, /private key/, /ssh-keygen/, 3],
  ["one in PEM", fixture("rsa3072-pem"), /private key/, /ssh-keygen -y/, 1],
  ["one in PKCS#8", fixture("ed25519-pkcs8"), /private key/, /ssh-keygen -y/, 1],
  ["one behind a passphrase", fixture("ed25519-pkcs8-encrypted"), /private key/, /ssh-keygen -y/, 1],
  ["an age key", `# public key: ${AGE.recipient}\n${AGE.identity}\n`, /private key/, /age-keygen -y keys/, 2],
  ["an age key in lower case", AGE.identity.toLowerCase(), /private key/, /age-keygen -y/, 1],
  ["an identity of a plugin", `AGE-PLUGIN-YUBIKEY-1QQQ`, /private key/, /plugin/, 1],
  ["a key of PuTTY", "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n", /private key/, /puttygen -L/, 1],
  ["RFC 4716", "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", /RFC 4716/, /ssh-keygen -i/],
  ["a public key in PEM", "-----BEGIN PUBLIC KEY-----\nAAAA\n", /public key in PEM/, /ssh-keygen -i/],
  ["a public key of PGP", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n", /key of PGP/, /--pgp-key FINGERPRINT/],
  ["UTF-16", Buffer.from(ED25519, "utf16le").toString("latin1"), /is no text/, /./],
  ["nothing", "\n", /is empty/, /./],
  ["comments", "# ada\n", /no key here that can be used/, /ssh-ed25519 and ssh-rsa keys can be used/],
  [
    "many keys",
    Array.from({ length: 65 }, () => bare(makeSshKeyPair("").publicKey)).join("\n"),
    /65 keys/,
    /one person/,
  ],
];

for (const [name, text, message, hint, line] of REFUSED) {
  test(`refused with the way out, and without what stands there: ${name}`, () => {
    for (const fromGithub of [false, true]) {
      assert.throws(
        () => read(text, { fromGithub }),
        (error: unknown) => {
          assert.ok(error instanceof SecretsError && error.code === "E_KEY_FILE" && error.kind === "usage");
          assert.match(`${error.message}\n${error.hint}`, /./);
          if (fromGithub && text.trim() === "") return true;
          assert.match(error.message, message);
          assert.match(error.hint ?? "", hint);
          assert.deepEqual(error.location, line === undefined ? { file: "keys" } : { file: "keys", line });
          for (const word of text.split(/\s+/).filter((one) => one.length > 30)) {
            assert.ok(!`${error.message}${error.hint}`.includes(word), "content in the message");
          }
          return true;
        },
      );
    }
  });
}

test("why none can be used is told for the first lines, and the rest is counted", () => {
  const text = Array.from({ length: 12 }, () => "sk-ssh-ed25519@openssh.com AAAA").join("\n");
  assert.throws(() => read(text), {
    code: "E_KEY_FILE",
    hint: /^line 1 is a key on a security token(.*\n){10}and 2 more\nkeys on hardware are reached by an age plugin/,
  });
});

test("no more than what one person has", () => {
  const keys = Array.from({ length: 64 }, () => bare(makeSshKeyPair("").publicKey));
  assert.deepEqual(ids(read(keys.join("\r\n"))), keys);
});
