/** Private keys as the real ssh-keygen writes them, with every cipher, any rounds and passphrases: both read the same key. */
import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ed25519Point } from "../../src/age/curve25519.ts";
import { parseSshKeyFile } from "../../src/age/ssh-private-key.ts";
import { formatEd25519Blob } from "../../src/age/ssh-public-key.ts";
import { run } from "../../src/repo/program.ts";
import { temporaryDirectory } from "../cli/harness.ts";

const CIPHERS = ["aes256-ctr", "aes256-cbc", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"];
const PASSPHRASES = ["12345", "päss wörd ✓", "x".repeat(200), `${randomBytes(24).toString("base64")}"'\\$`];

async function keygen(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(["ssh-keygen", ...args]);
  assert.equal(code, 0, stderr);
  return Buffer.from(stdout).toString("utf8");
}

for (const cipher of CIPHERS) {
  test(`${cipher}: whatever the rounds, the passphrase and the length of the comment`, async (t) => {
    const directory = await temporaryDirectory(t);
    for (const [i, passphrase] of PASSPHRASES.entries()) {
      const file = join(directory, `key${i}`);
      const rounds = String(1 + randomInt(24));
      const kind = i === 0 ? ["-t", "rsa", "-b", "2048"] : ["-t", "ed25519"];
      const comment = "c".repeat(randomInt(40));
      await keygen("-q", ...kind, "-Z", cipher, "-a", rounds, "-N", passphrase, "-C", comment, "-f", file);
      const [type, blob] = (await keygen("-y", "-P", passphrase, "-f", file)).split(/\s/);
      const told = `${cipher} rounds ${rounds} comment ${comment.length}`;
      const parsed = parseSshKeyFile(await readFile(file));
      assert.deepEqual([parsed.encrypted, parsed.publicKey?.text], [true, `${type} ${blob}`], told);
      const key = await parsed.unlock(passphrase);
      assert.equal(key.publicKey.text, `${type} ${blob}`, told);
      if (key.type === "ssh-ed25519") {
        assert.equal(Buffer.from(formatEd25519Blob(ed25519Point(key.seed))).toString("base64"), blob, told);
      }
      await assert.rejects(parsed.unlock(`${passphrase}x`), { code: "E_PASSPHRASE" }, told);
    }
  });
}
