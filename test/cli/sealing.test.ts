/** The sealer with real threads. What it seals is proved in `test/age/sealer.test.ts`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Decrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { decodeArmor } from "../../src/age/armor.ts";
import { openSealer } from "../../src/cli/sealing.ts";
import { SecretsError } from "../../src/errors.ts";

const secret = await generateX25519Identity();
const recipient = await identityToRecipient(secret);

test("data keys sealed in other threads open, and what they refuse is refused here", async () => {
  const sealer = openSealer(10_000);
  const keys = Array.from({ length: 2000 }, (_, n) => Buffer.alloc(32, n));
  const sealing = keys.map((key) => sealer.seal(recipient, key));
  const refused = assert.rejects(
    sealer.seal("age1nonsense", Buffer.alloc(32)),
    (error) => error instanceof SecretsError && error.code === "E_RECIPIENT",
  );
  const sealed = await Promise.all(sealing);
  await refused;
  await sealer.close();
  const decrypter = new Decrypter();
  decrypter.addIdentity(secret);
  for (let n = 0; n < keys.length; n += 37)
    assert.deepEqual(Buffer.from(await decrypter.decrypt(decodeArmor(sealed[n] ?? ""))), keys[n]);
});
