/**
 * X25519 over node:crypto, and the map from Ed25519 to it.
 *
 * Public keys, of which each stanza has another, go in and out in the form that this Node is quick with. Private keys
 * are read once, as DER: it leaves no text of them in memory, and as JWK Node 26 wants the public half as well.
 */
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, KeyObject } from "node:crypto";

/** RFC 8410: what stands in front of the 32 bytes of a private key (PKCS #8), and of a public key (SPKI, in base64). */
const PKCS8 = { x25519: "302e020100300506032b656e04220420", ed25519: "302e020100300506032b657004220420" } as const;
const SPKI = "MCowBQYDK2VuAyEA";

/** A private key from 32 bytes; the curve clamps them itself, as every use of X25519 does. */
export function importScalar(scalar: Uint8Array): KeyObject {
  return importPrivate("x25519", scalar);
}

function importPrivate(curve: keyof typeof PKCS8, bytes: Uint8Array): KeyObject {
  const key = Buffer.concat([Buffer.from(PKCS8[curve], "hex"), bytes]);
  try {
    return createPrivateKey({ key, format: "der", type: "pkcs8" });
  } finally {
    key.fill(0);
  }
}

/**
 * A new private key and its public half, for one use. Half the cost of importing random bytes. (Not for Node 20, where
 * exporting such a key as JWK can lock up the process for good: a destructor takes the key's mutex again during garbage
 * collection. Node 22.12 and newer do not.)
 */
export function generateEphemeral(): { readonly privateKey: KeyObject; readonly share: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  return { privateKey, share: exportPoint(publicKey) };
}

/** A public key from its 32-byte u coordinate. */
export function importPoint(point: Uint8Array): KeyObject {
  if (!KEYS_BY_EXCEPTION)
    return createPublicKey({ key: { kty: "OKP", crv: "X25519", x: toBase64url(point) }, format: "jwk" });
  const text = Buffer.from(point.buffer, point.byteOffset, point.byteLength).toString("base64");
  return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${SPKI}${text}\n-----END PUBLIC KEY-----\n`);
}

/**
 * Node 24.21 asks whether an object is a key by catching exceptions, four for a JWK: 30 to 45 µs, while a text is read
 * in 9. Elsewhere JWK takes 3 to 6, and a text up to 130.
 */
const KEYS_BY_EXCEPTION = (() => {
  try {
    return Object.create(KeyObject.prototype).type === null;
  } catch {
    return true;
  }
})();

/** The 32-byte u coordinate of a key, private or public. */
export function exportPoint(key: KeyObject): Uint8Array {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}

/** The shared secret, or null for a point of small order, for which it would be zeros whatever the scalar. */
export function agree(privateKey: KeyObject, publicKey: KeyObject): Uint8Array | null {
  try {
    return diffieHellman({ privateKey, publicKey });
  } catch {
    return null;
  }
}

/** The public half of the Ed25519 key with this 32-byte seed. */
export function ed25519Point(seed: Uint8Array): Uint8Array {
  return exportPoint(importPrivate("ed25519", seed));
}

function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

const P = 2n ** 255n - 19n;
/** −121665/121666 mod p (RFC 8032 section 5.1). */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/**
 * The Montgomery u coordinate, (1+y)/(1−y), of an encoded Ed25519 public key; null if the bytes are no point of the
 * curve, are not canonical, or have order one or two, which no key has. RFC 7748 section 4.1.
 */
export function montgomeryOf(edwardsPoint: Uint8Array): Uint8Array | null {
  if (edwardsPoint.length !== 32) return null;
  const encoded = BigInt(`0x${Buffer.from(edwardsPoint).reverse().toString("hex")}`);
  const y = encoded & (2n ** 255n - 1n);
  if (y === 1n || y >= P - 1n) return null;
  const y2 = (y * y) % P;
  // x² = (y²−1)/(dy²+1) must be a square. Numerator times denominator is a square exactly when their quotient is.
  const square = ((y2 - 1n + P) * (D * y2 + 1n)) % P;
  if (power(square, (P - 1n) / 2n) > 1n) return null;
  const u = ((1n + y) * power(P + 1n - y, P - 2n)) % P;
  return Buffer.from(u.toString(16).padStart(64, "0"), "hex").reverse();
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % P;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}
