/** The X25519 recipient type (C2SP age spec): `age1…` and `AGE-SECRET-KEY-1…`, and the step it shares with SSH keys. */
import type { KeyObject } from "node:crypto";
import { SecretsError } from "../errors.ts";
import { open, seal } from "./aead.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { decodeBech32, encodeBech32 } from "./bech32.ts";
import { agree, exportPoint, generateEphemeral, importPoint, importScalar } from "./curve25519.ts";
import { headerError, type Stanza } from "./header.ts";
import { hkdfSha256 } from "./hkdf.ts";

const TYPE = "X25519";
const INFO = Buffer.from("age-encryption.org/v1/X25519");
const FILE_KEY = 16;

/** A private key and its public half, ready to open stanzas. */
export interface X25519Key {
  readonly privateKey: KeyObject;
  readonly point: Uint8Array;
}

/** The `age1…` text of a public key. */
export function formatX25519Recipient(point: Uint8Array): string {
  return encodeBech32("age", point);
}

/** The public key in an `age1…` text, or null. */
export function parseX25519Recipient(text: string): Uint8Array | null {
  const decoded = decodeBech32(text);
  return decoded?.prefix === "age" && decoded.bytes.length === 32 ? decoded.bytes : null;
}

/** The `AGE-SECRET-KEY-1…` text of 32 bytes of private key. */
export function formatX25519Identity(scalar: Uint8Array): string {
  return encodeBech32("age-secret-key-", scalar).toUpperCase();
}

/** The key in an `AGE-SECRET-KEY-1…` text, or null. */
export function parseX25519Identity(text: string): X25519Key | null {
  const decoded = decodeBech32(text);
  if (decoded === null) return null;
  try {
    return decoded.prefix === "AGE-SECRET-KEY-" && decoded.bytes.length === 32 ? x25519Key(decoded.bytes) : null;
  } finally {
    decoded.bytes.fill(0);
  }
}

/** The key of a 32-byte scalar, which is copied into OpenSSL's memory: the caller may wipe it. */
export function x25519Key(scalar: Uint8Array): X25519Key {
  const privateKey = importScalar(scalar);
  return { privateKey, point: exportPoint(privateKey) };
}

/** @throws SecretsError `E_RECIPIENT` for a key of small order, which would encrypt to everybody */
export function wrapX25519(fileKey: Uint8Array, point: Uint8Array, publicKey: KeyObject): Stanza {
  const { share, secret } = shareSecret(publicKey);
  try {
    return { args: [TYPE, encodeBase64(share)], body: sealFileKey(fileKey, secret, share, point, INFO) };
  } finally {
    secret.fill(0);
  }
}

/**
 * The file key, or null if no X25519 stanza is for this key.
 *
 * @throws SecretsError `E_AGE_HEADER` for a malformed X25519 stanza, whoever it is for
 */
export function unwrapX25519(stanzas: readonly Stanza[], key: X25519Key): Uint8Array | null {
  for (const stanza of stanzas) {
    if (stanza.args[0] !== TYPE) continue;
    const share = stanza.args.length === 2 ? parseShare(stanza.args[1]) : null;
    if (share === null || stanza.body.length !== FILE_KEY + 16) throw headerError("has a malformed X25519 stanza");
    const secret = agree(key.privateKey, importPoint(share));
    if (secret === null) throw headerError("has an X25519 stanza with a share of small order");
    try {
      const fileKey = openFileKey(stanza.body, secret, share, key.point, INFO);
      if (fileKey !== null) return fileKey;
    } finally {
      secret.fill(0);
    }
  }
  return null;
}

/**
 * A fresh ephemeral share and the secret it makes with a public key.
 *
 * @throws SecretsError `E_RECIPIENT` for a key of small order
 */
export function shareSecret(publicKey: KeyObject): { readonly share: Uint8Array; readonly secret: Uint8Array } {
  const { privateKey, share } = generateEphemeral();
  const secret = agree(privateKey, publicKey);
  if (secret !== null) return { share, secret };
  throw new SecretsError("E_RECIPIENT", "A recipient's key is a point of small order: everybody could open the file.", {
    hint: "Nobody makes such a key by accident; find out where it comes from and remove it.",
  });
}

/** The 32 bytes of a stanza's share argument, or null. */
export function parseShare(argument: string | undefined): Uint8Array | null {
  const share = decodeBase64(argument ?? "");
  return share?.length === 32 ? share : null;
}

/** The file key under the key that both sides derive from secret, share and recipient. */
export function sealFileKey(
  fileKey: Uint8Array,
  secret: Uint8Array,
  share: Uint8Array,
  point: Uint8Array,
  info: Uint8Array,
): Uint8Array {
  const key = hkdfSha256(secret, Buffer.concat([share, point]), info);
  try {
    return seal(key, fileKey);
  } finally {
    key.fill(0);
  }
}

/** The other direction of `sealFileKey`; null if it was sealed for somebody else. */
export function openFileKey(
  body: Uint8Array,
  secret: Uint8Array,
  share: Uint8Array,
  point: Uint8Array,
  info: Uint8Array,
): Uint8Array | null {
  const key = hkdfSha256(secret, Buffer.concat([share, point]), info);
  try {
    return open(key, body);
  } finally {
    key.fill(0);
  }
}
