/**
 * X25519 over node:crypto, and the map from Ed25519 to it.
 *
 * Keys go in and out as JWK: import and export as DER cost up to twenty times as much on some Node versions.
 */
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";

/** Node asks for the public half of a private JWK but never reads it: it derives its own. */
const ANY_PUBLIC = "A".repeat(43);

/** A private key from 32 bytes; the curve clamps them itself, as every use of X25519 does. */
export function importScalar(scalar: Uint8Array): KeyObject {
  const d = toBase64url(scalar);
  return createPrivateKey({ key: { kty: "OKP", crv: "X25519", d, x: ANY_PUBLIC }, format: "jwk" });
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
  return createPublicKey({ key: { kty: "OKP", crv: "X25519", x: toBase64url(point) }, format: "jwk" });
}

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

/** An Ed25519 private key from its 32-byte seed, for the public half. */
export function ed25519Point(seed: Uint8Array): Uint8Array {
  const d = toBase64url(seed);
  return exportPoint(createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", d, x: ANY_PUBLIC }, format: "jwk" }));
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
