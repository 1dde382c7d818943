/** ChaCha20-Poly1305 (RFC 8439), the only cipher that age uses. */
import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";

const TAG = 16;
/** Wrap keys are derived for one message each, so age uses them with a nonce of zeros. */
const ZERO_NONCE = new Uint8Array(12);

/** Ciphertext and tag. `key` is 32 bytes, `nonce` 12; a key must never meet the same nonce twice. */
export function seal(key: Uint8Array, plaintext: Uint8Array, nonce: Uint8Array = ZERO_NONCE): Uint8Array {
  // As a key object: given the bytes, Node 24 finds out that they are none by two exceptions, which cost twice as much
  // as all the rest.
  const cipher = createCipheriv("chacha20-poly1305", createSecretKey(key), nonce, { authTagLength: TAG });
  const sealed = new Uint8Array(plaintext.length + TAG);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

/** The plaintext, or null if key, nonce or bytes do not belong together. */
export function open(key: Uint8Array, sealed: Uint8Array, nonce: Uint8Array = ZERO_NONCE): Uint8Array | null {
  if (sealed.length < TAG) return null;
  const decipher = createDecipheriv("chacha20-poly1305", createSecretKey(key), nonce, { authTagLength: TAG });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG));
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return null;
  }
}
