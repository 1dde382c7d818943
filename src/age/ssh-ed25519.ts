/** The ssh-ed25519 recipient type of age (`agessh`): X25519 on the key's Montgomery image, tweaked by the SSH key. */
import type { KeyObject } from "node:crypto";
import { encodeBase64 } from "./base64.ts";
import { agree, importPoint, importScalar } from "./curve25519.ts";
import { headerError, type Stanza } from "./header.ts";
import { hkdfSha256 } from "./hkdf.ts";
import type { SshEd25519PublicKey } from "./ssh-public-key.ts";
import { openFileKey, parseShare, sealFileKey, shareSecret, type X25519Key } from "./x25519.ts";

const TYPE = "ssh-ed25519";
const INFO = Buffer.from("age-encryption.org/v1/ssh-ed25519");
const EMPTY = new Uint8Array(0);

/** @throws SecretsError `E_RECIPIENT` for a key of small order */
export function wrapSshEd25519(fileKey: Uint8Array, key: SshEd25519PublicKey, montgomery: KeyObject): Stanza {
  const { share, secret } = shareSecret(montgomery);
  const tweaked = applyTweak(secret, key);
  try {
    const body = sealFileKey(fileKey, tweaked, share, key.montgomery, INFO);
    return { args: [TYPE, key.tag, encodeBase64(share)], body };
  } finally {
    secret.fill(0);
    tweaked.fill(0);
  }
}

/**
 * The file key, or null if no stanza carries this key's tag.
 *
 * @throws SecretsError `E_AGE_HEADER` for a malformed stanza, or one with our tag that does not open
 */
export function unwrapSshEd25519(
  stanzas: readonly Stanza[],
  key: SshEd25519PublicKey,
  identity: X25519Key,
): Uint8Array | null {
  for (const stanza of stanzas) {
    if (stanza.args[0] !== TYPE) continue;
    const share = stanza.args.length === 3 ? parseShare(stanza.args[2]) : null;
    if (share === null || stanza.body.length !== 32) throw headerError("has a malformed ssh-ed25519 stanza");
    if (stanza.args[1] !== key.tag) continue;
    const secret = agree(identity.privateKey, importPoint(share));
    if (secret === null) throw headerError("has an ssh-ed25519 stanza with a share of small order");
    const tweaked = applyTweak(secret, key);
    try {
      const fileKey = openFileKey(stanza.body, tweaked, share, key.montgomery, INFO);
      if (fileKey === null) throw headerError("has an ssh-ed25519 stanza for this key that does not open");
      return fileKey;
    } finally {
      secret.fill(0);
      tweaked.fill(0);
    }
  }
  return null;
}

/** Of each SSH key, imported once. It is made of public bytes. */
const tweaks = new WeakMap<SshEd25519PublicKey, KeyObject>();

/** Ties the secret to the SSH key, so that it is of no use where the same scalar serves as a plain X25519 key. */
function applyTweak(secret: Uint8Array, key: SshEd25519PublicKey): Uint8Array {
  const tweak = tweaks.get(key) ?? importScalar(hkdfSha256(EMPTY, key.blob, INFO));
  tweaks.set(key, tweak);
  const tweaked = agree(tweak, importPoint(secret));
  if (tweaked === null) throw headerError("has an ssh-ed25519 stanza with a share of small order");
  return tweaked;
}
