import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { publicHalf } from "../../src/age/age-key.ts";
import { sshToAgeIdentity, sshToAgeRecipient } from "../../src/age/ssh.ts";
import { makeSshKeyPair } from "../../src/age/ssh-key-pair.ts";
import { parseSshKeyFile } from "../../src/age/ssh-private-key.ts";

test("a new pair is read back whatever its comment, which decides how much padding there is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 40 }), async (comment) => {
      const { privateKey, publicKey } = makeSshKeyPair(comment);
      const file = parseSshKeyFile(Buffer.from(privateKey));
      assert.equal(file.encrypted, false);
      assert.equal(publicKey, `${file.publicKey?.text} ${comment}\n`);
      await file.unlock();
      const identity = await sshToAgeIdentity(Buffer.from(privateKey), async () => assert.fail());
      assert.equal(publicHalf(identity), sshToAgeRecipient(publicKey));
    }),
  );
});

test("the file has the lines of ssh-keygen, and no two are alike", () => {
  const [a, b] = [makeSshKeyPair("a"), makeSshKeyPair("a")];
  assert.notEqual(a.privateKey, b.privateKey);
  const lines = a.privateKey.split("\n");
  assert.equal(lines[0], "-----BEGIN OPENSSH PRIVATE KEY-----");
  assert.deepEqual(lines.slice(-2), ["-----END OPENSSH PRIVATE KEY-----", ""]);
  assert.ok(lines.slice(1, -3).every((line) => line.length === 70));
});
