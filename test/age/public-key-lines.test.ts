import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { readGithubKeys, readPublicKeyLines } from "../../src/age/public-key-lines.ts";
import { makeSshKeyPair } from "../../src/age/ssh-key-pair.ts";
import { SecretsError } from "../../src/errors.ts";

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/age/ssh/${name}`, import.meta.url), "utf8");
const bare = (line: string) => line.split(" ").slice(0, 2).join(" ").trim();
const ED25519 = bare(makeSshKeyPair("ada").publicKey);
const RSA = bare(fixture("rsa3072.pub"));
const SHORT = bare(fixture("rsa1024.pub"));
const ECDSA = bare(fixture("ecdsa.pub"));
const { recipient } = makeAgeKey();

test("keys are found wherever a person's line has them, and lose their comments", () => {
  for (const [line, key] of [
    [ED25519, ED25519],
    [`${ED25519} ada, at home`, ED25519],
    [`\t${RSA} x\r`, RSA],
    [recipient, recipient],
    [`restrict,from="a b,c" ${ED25519} x`, ED25519],
    [`command="echo \\"ssh-rsa AAAA\\"",no-pty ${RSA}`, RSA],
    [`No-X11-Forwarding ${ED25519}`, ED25519],
  ] as const) {
    assert.deepEqual(readPublicKeyLines(`# first\n\n${line}\n`), [{ place: "line 3", recipient: key }], line);
  }
});

const SKIPPED: readonly (readonly [line: string, why: RegExp])[] = [
  [ECDSA, /^is an ECDSA key, which age cannot use$/],
  [`sk-ssh-ed25519@openssh.com ${ED25519.slice(12)}`, /security token/],
  [`sk-ecdsa-sha2-nistp256@openssh.com ${ED25519.slice(12)}`, /security token/],
  [`ssh-dss ${ED25519.slice(12)}`, /a DSA key/],
  [`ssh-ed25519-cert-v01@openssh.com ${ED25519.slice(12)}`, /a certificate/],
  [SHORT, /^holds a key that has only 1024 bits/],
  [ED25519.slice(0, -6), /^holds a key that is /],
  [`${ED25519}, ${RSA}`, /^holds a key that is not canonical base64$/],
  [`web01,192.0.2.7 ${ED25519}`, /^is the key of a host, and no person's/],
  [`|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ${ED25519}`, /the key of a host/],
  [`[web01]:2222 ${ED25519}`, /the key of a host/],
  [`@cert-authority *.example.org ${ED25519}`, /certificate authority/],
  [`cert-authority,principals="x" ${ED25519}`, /certificate authority/],
  [`restrict,Cert-Authority ${ED25519}`, /certificate authority/],
  [`@revoked * ${ED25519}`, /revoked/],
  [recipient.slice(0, -1), /^holds an age key that is mistyped or cut off/],
  [`${recipient} ada`, /^holds an age key that /],
  ["age1", /^holds an age key that /],
  ["hello", /^is no public SSH key$/],
];

for (const [line, why] of SKIPPED) {
  test(`left out, without a word of what stands there: ${line.slice(0, 24)}`, () => {
    const [one, more] = readPublicKeyLines(`\n${line}\n${ED25519}`);
    assert.ok(one !== undefined && "skipped" in one && more !== undefined && "recipient" in more);
    assert.equal(one.place, "line 2");
    assert.match(one.skipped, why);
    assert.ok(!/AAAA|age1|192\.|web01|hello|example/.test(one.skipped), one.skipped);
  });
}

test("GitHub's answers: a line for each key, or a list of objects", () => {
  const lines = readGithubKeys(`${ED25519}\n${ECDSA}\n${RSA}\n`);
  assert.deepEqual(
    lines.map((one) => ("recipient" in one ? one.recipient : one.skipped)),
    [ED25519, "is an ECDSA key, which age cannot use", RSA],
  );
  const list = [{ id: 1, key: ED25519 }, { id: 2, key: ECDSA }, { key: `${RSA}\n${ED25519}` }, { key: 7 }, null, "x"];
  assert.deepEqual(
    readGithubKeys(JSON.stringify(list, undefined, 2)).map((one) => [one.place, "recipient" in one]),
    [
      ["key 1", true],
      ["key 2", false],
      ["key 3", false],
      ["key 4", false],
      ["key 5", false],
      ["key 6", false],
    ],
  );
  assert.deepEqual(readGithubKeys("[]"), []);
});

test("an answer that is no list of keys is refused by what it is, and not repeated", () => {
  for (const [text, message] of [
    ['{"message":"Not Found","status":"404"}', /something else than a list/],
    [`{"key":"${ED25519}"}`, /something else than a list/],
    [`[{"key":"${ED25519}"}`, /cut off, or more than one/],
    [`[{"key":"${ED25519}"}]\n[]`, /cut off, or more than one/],
    ["<!DOCTYPE html><title>ada</title>", /web page/],
    ["Not Found\n", /no account/],
  ] as const) {
    assert.throws(
      () => readGithubKeys(text),
      (error: unknown) => {
        assert.ok(error instanceof SecretsError && error.code === "E_KEY_FILE" && error.kind === "usage");
        assert.match(error.message, message);
        assert.ok(!`${error.message}${error.hint}`.includes("AAAA") && error.cause === undefined);
        return true;
      },
    );
  }
});

test("any text is read within its bounds", () => {
  const word = fc.constantFrom(
    ED25519,
    RSA,
    recipient,
    "restrict",
    '"',
    "\\",
    ",",
    " ",
    "\n",
    "\r",
    "[",
    "{",
    "@",
    "#",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ unit: "binary" }))), (parts) => {
      const text = parts.join("");
      for (const read of [readPublicKeyLines, readGithubKeys]) {
        try {
          for (const one of read(text)) if ("recipient" in one) assert.ok(text.includes(one.recipient));
        } catch (error) {
          assert.ok(error instanceof SecretsError, String(error));
        }
      }
    }),
  );
});
