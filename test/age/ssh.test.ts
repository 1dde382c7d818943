/** Held against what the program ssh-to-age printed for each key (`fixtures/age/ssh-to-age.json`). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { sshToAgeIdentity, sshToAgeRecipient } from "../../src/age/ssh.ts";
import { SecretsError } from "../../src/errors.ts";

const fixtures = new URL("../../fixtures/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, fixtures));
const golden: Record<string, { recipient: string; identity?: string }> = JSON.parse(
  read("age/ssh-to-age.json").toString(),
);

for (const [path, expected] of Object.entries(golden)) {
  test(`${path} becomes the keys that ssh-to-age makes`, async () => {
    const publicPath = path === "golden/sops/keys/ssh_ed25519" ? "golden/sops/keys/id_ed25519.pub" : `${path}.pub`;
    assert.equal(sshToAgeRecipient(read(publicPath).toString()), expected.recipient);
    let asked = 0;
    const identity = await sshToAgeIdentity(read(path), async () => {
      asked++;
      return path.endsWith("-encrypted") ? "passphrase" : "pw";
    });
    if (expected.identity !== undefined) assert.equal(identity, expected.identity);
    assert.equal(asked, /_pw|-aes|-chacha|-encrypted/.test(path) ? 1 : 0);
  });
}

test("a comment, blanks and a line end do not matter", () => {
  const [type, key] = read("age/ssh/ed25519.pub").toString().split(" ");
  for (const line of [`${type} ${key}`, `${type}\t${key}\tme@host\r\n`, `  ${type} ${key} a b c\n`]) {
    assert.equal(sshToAgeRecipient(line), golden["age/ssh/ed25519"]?.recipient);
  }
});

test("RSA keys cannot be converted, and nobody's silence is no passphrase", async () => {
  const code = (expected: string) => (error: unknown) => error instanceof SecretsError && error.code === expected;
  assert.throws(() => sshToAgeRecipient(read("age/ssh/rsa3072.pub").toString()), code("E_RECIPIENT"));
  await assert.rejects(
    sshToAgeIdentity(read("age/ssh/rsa3072"), async () => null),
    code("E_SSH_KEY"),
  );
  await assert.rejects(
    sshToAgeIdentity(read("age/ssh/ed25519-aes256-ctr"), async () => null),
    code("E_PASSPHRASE"),
  );
});
