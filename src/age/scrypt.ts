/** The scrypt recipient type (C2SP age spec), reading only: what protects an identity file by a passphrase. */
import { scrypt } from "node:crypto";
import { open } from "./aead.ts";
import { decodeBase64 } from "./base64.ts";
import { type Header, headerError } from "./header.ts";

const LABEL = Buffer.from("age-encryption.org/v1/scrypt");
/** As age does: 2^22 rounds take about 4 GiB and some ten seconds. A file that asks for more is an attack. */
const MAX_WORK_FACTOR = 22;

/**
 * The file key, or null if the file has no passphrase or another one.
 *
 * @throws SecretsError `E_AGE_HEADER` for a malformed or too costly scrypt stanza, or one that is not alone
 */
export async function unwrapScrypt(header: Header, passphrase: string): Promise<Uint8Array | null> {
  const stanza = header.stanzas[0];
  if (stanza === undefined || !hasPassphrase(header)) return null;
  const [, saltText = "", workFactorText = ""] = stanza.args;
  const salt = decodeBase64(saltText);
  const workFactor = /^[1-9][0-9]?$/.test(workFactorText) ? Number(workFactorText) : null;
  if (stanza.args.length !== 3 || salt?.length !== 16 || workFactor === null || stanza.body.length !== 32) {
    throw headerError("has a malformed scrypt stanza");
  }
  if (workFactor > MAX_WORK_FACTOR) throw headerError(`asks for a passphrase work factor above ${MAX_WORK_FACTOR}`);
  const key = await deriveKey(passphrase, Buffer.concat([LABEL, salt]), 2 ** workFactor);
  try {
    return open(key, stanza.body);
  } finally {
    key.fill(0);
  }
}

/**
 * Whether a file is protected by a passphrase.
 *
 * @throws SecretsError `E_AGE_HEADER` if a passphrase is not the only way in: whoever has the passphrase could not
 *   know who else reads the file
 */
export function hasPassphrase(header: Header): boolean {
  if (!header.stanzas.some((stanza) => stanza.args[0] === "scrypt")) return false;
  if (header.stanzas.length > 1) throw headerError("has a passphrase beside other recipients");
  return true;
}

function deriveKey(passphrase: string, salt: Uint8Array, cost: number): Promise<Uint8Array> {
  const options = { N: cost, r: 8, p: 1, maxmem: 128 * 8 * (cost + 8) };
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
