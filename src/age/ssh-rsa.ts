/** The ssh-rsa recipient type of age (`agessh`): RSA-OAEP with SHA-256. */
import { constants, type KeyObject, privateDecrypt, publicEncrypt } from "node:crypto";
import { headerError, type Stanza } from "./header.ts";
import type { SshRsaPublicKey } from "./ssh-public-key.ts";

const TYPE = "ssh-rsa";
const OAEP = {
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: "sha256",
  oaepLabel: Buffer.from("age-encryption.org/v1/ssh-rsa"),
};

export function wrapSshRsa(fileKey: Uint8Array, key: SshRsaPublicKey): Stanza {
  return { args: [TYPE, key.tag], body: publicEncrypt({ key: key.publicKey, ...OAEP }, fileKey) };
}

/**
 * The file key, or null if no stanza carries this key's tag.
 *
 * @throws SecretsError `E_AGE_HEADER` for a malformed stanza, or one with our tag that does not open
 */
export function unwrapSshRsa(
  stanzas: readonly Stanza[],
  key: SshRsaPublicKey,
  privateKey: KeyObject,
): Uint8Array | null {
  for (const stanza of stanzas) {
    if (stanza.args[0] !== TYPE) continue;
    if (stanza.args.length !== 2) throw headerError("has a malformed ssh-rsa stanza");
    if (stanza.args[1] !== key.tag) continue;
    try {
      return privateDecrypt({ key: privateKey, ...OAEP }, stanza.body);
    } catch {
      throw headerError("has an ssh-rsa stanza for this key that does not open");
    }
  }
  return null;
}
