import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readSshKeyLines } from "../../src/age/ssh-key-lines.ts";
import { makeSshKeyPair } from "../../src/age/ssh-key-pair.ts";

const [TYPE = "", BLOB = ""] = makeSshKeyPair("ada").publicKey.split(" ");
const KEY = `${TYPE} ${BLOB}`;

const FOUND: readonly (readonly [name: string, line: string, before?: string | undefined, comment?: string])[] = [
  ["bare", KEY],
  ["with a comment of several words", `${KEY} ada on her laptop`, undefined, "ada on her laptop"],
  ["between blanks, tabs and a CR", `\t ${TYPE}\t${BLOB} \r`],
  ["authorized_keys with options", `restrict,port-forwarding ${KEY} ada`, "restrict,port-forwarding", "ada"],
  ["an option with blanks and quotes", `command="echo \\"a b\\"",no-pty ${KEY}`, 'command="echo \\"a b\\"",no-pty'],
  ["known_hosts", `web01,192.0.2.7 ${KEY}`, "web01,192.0.2.7"],
  [
    "a hashed host",
    `|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ${KEY}`,
    "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=",
  ],
  ["a port", `[web01]:2222 ${KEY}`, "[web01]:2222"],
];

for (const [name, line, before, comment] of FOUND) {
  test(`a key is found: ${name}`, () => {
    const [only, ...more] = readSshKeyLines(`# first\n\n${line}\n`);
    assert.ok(only !== undefined && "key" in only && more.length === 0);
    assert.deepEqual([only.line, only.key.text, only.before, only.comment], [3, KEY, before, comment]);
  });
}

const SKIPPED: readonly (readonly [line: string, reason: RegExp])[] = [
  [`@revoked web01 ${KEY}`, /revoked/],
  [`@cert-authority *.example.org ${KEY}`, /certificate authority/],
  [`ecdsa-sha2-nistp256 ${BLOB}`, /an ECDSA key/],
  [`web01 ecdsa-sha2-nistp521 ${BLOB}`, /an ECDSA key/],
  [`sk-ssh-ed25519@openssh.com ${BLOB}`, /security token/],
  [`ssh-dss ${BLOB}`, /a DSA key/],
  [`ssh-ed25519-cert-v01@openssh.com ${BLOB}`, /a certificate/],
  [`ssh-rsa ${BLOB}`, /another type than it says/],
  [`ssh-ed25519 ${BLOB.slice(0, -8)}`, /cut off/],
  ["ssh-ed25519 AAA*", /not canonical base64/],
  ["ssh-ed25519", /cut off|too long/],
  ["AGE-SECRET-KEY-1QQQ", /no public SSH key/],
  [`one two three ${KEY}`, /no public SSH key/],
];

for (const [line, reason] of SKIPPED) {
  test(`a line is skipped, and told without a word of it: ${line.slice(0, 30)}`, () => {
    const [only] = readSshKeyLines(`\n${line}`);
    assert.ok(only !== undefined && "skipped" in only);
    assert.equal(only.line, 2);
    assert.match(only.skipped, reason);
    assert.ok(!only.skipped.includes("AAA") && !only.skipped.includes("QQQ"));
  });
}

test("any text is read without an error, and in time", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void readSshKeyLines(text)));
  const start = process.cpuUsage().user;
  readSshKeyLines(`${'"\\'.repeat(100_000)}\n${"a ".repeat(200_000)}\n${'"'.repeat(200_000)}`);
  assert.ok(process.cpuUsage().user - start < 3e6);
});
