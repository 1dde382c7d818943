/** Public SSH keys (RFC 4253 section 6.6, RFC 8709) as age takes them: Ed25519 and RSA. */
import { createPublicKey, hash, type KeyObject } from "node:crypto";
import { SecretsError } from "../errors.ts";
import { decodePaddedBase64, encodeBase64 } from "./base64.ts";
import { montgomeryOf } from "./curve25519.ts";
import { SshReader } from "./ssh-wire.ts";

export type SshPublicKey = SshEd25519PublicKey | SshRsaPublicKey;

interface SshKeyText {
  /** The wire form, which is what authorized_keys has in base64. */
  readonly blob: Uint8Array;
  /** `ssh-ed25519 AAAA…`, without the comment. */
  readonly text: string;
  /** The stanza argument that tells a reader that a stanza may be for this key. */
  readonly tag: string;
}

export interface SshEd25519PublicKey extends SshKeyText {
  readonly type: "ssh-ed25519";
  readonly point: Uint8Array;
  /** The same key on the Montgomery curve, where age can encrypt to it. */
  readonly montgomery: Uint8Array;
}

export interface SshRsaPublicKey extends SshKeyText {
  readonly type: "ssh-rsa";
  readonly publicKey: KeyObject;
}

const MIN_RSA_BITS = 2048;
/** OpenSSH's own limit. Beyond it, one key from a repository could hold up a run. */
const MAX_RSA_BITS = 16384;

/**
 * A line as in `id_ed25519.pub`: type, base64, and a comment that is ignored.
 *
 * @throws SecretsError `E_RECIPIENT` with the reason
 */
export function parseSshPublicLine(line: string): SshPublicKey {
  const [type = "", base64 = ""] = line.trim().split(/[ \t]+/);
  if (type !== "ssh-ed25519" && type !== "ssh-rsa") throw unsupported();
  const blob = decodePaddedBase64(base64);
  if (blob === null) throw malformed("is not canonical base64");
  const key = parseSshPublicBlob(blob);
  if (key.type !== type) throw malformed("is of another type than it says");
  return key;
}

/** @throws SecretsError `E_RECIPIENT` with the reason */
export function parseSshPublicBlob(blob: Uint8Array): SshPublicKey {
  const reader = new SshReader(blob);
  const type = reader.text();
  if (type === "ssh-ed25519") {
    const point = reader.string();
    if (point === null || !reader.atEnd()) throw malformed("is cut off or too long");
    const montgomery = montgomeryOf(point);
    if (montgomery === null) throw malformed("is no point of its curve");
    return { type, point, montgomery, ...describe(type, blob) };
  }
  if (type === "ssh-rsa") {
    const exponent = reader.integer();
    const modulus = reader.integer();
    if (exponent === null || modulus === null || !reader.atEnd()) throw malformed("is cut off or too long");
    return { type, publicKey: importRsa(exponent, modulus), ...describe(type, blob) };
  }
  throw type === null ? malformed("is cut off") : unsupported();
}

/** The wire form of an Ed25519 public key. */
export function formatEd25519Blob(point: Uint8Array): Uint8Array {
  return Buffer.concat([formatString(Buffer.from("ssh-ed25519")), formatString(point)]);
}

/** The wire form of an RSA public key; both numbers are big-endian magnitudes without leading zeros. */
export function formatRsaBlob(exponent: Uint8Array, modulus: Uint8Array): Uint8Array {
  return Buffer.concat([formatString(Buffer.from("ssh-rsa")), formatInteger(exponent), formatInteger(modulus)]);
}

function formatString(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function formatInteger(magnitude: Uint8Array): Uint8Array {
  return formatString((magnitude[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), magnitude]) : magnitude);
}

function describe(type: string, blob: Uint8Array): SshKeyText {
  const tag = encodeBase64(hash("sha256", blob, "buffer").subarray(0, 4));
  return { blob, text: `${type} ${Buffer.from(blob).toString("base64")}`, tag };
}

function importRsa(exponent: Uint8Array, modulus: Uint8Array): KeyObject {
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < MIN_RSA_BITS) throw malformed(`has only ${bits} bits; age wants at least ${MIN_RSA_BITS}`);
  if (bits > MAX_RSA_BITS) throw malformed(`has more than ${MAX_RSA_BITS} bits`);
  if (exponent.length > 3 || ((exponent.at(-1) ?? 0) & 1) === 0 || (exponent.length === 1 && exponent[0] === 1)) {
    throw malformed("has an exponent that no key uses");
  }
  const jwk = { kty: "RSA", e: toBase64url(exponent), n: toBase64url(modulus) };
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch (cause) {
    throw malformed("is no RSA key", cause);
  }
}

function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

function malformed(reason: string, cause?: unknown): SecretsError {
  return new SecretsError("E_RECIPIENT", `An SSH public key ${reason}.`, {
    hint: "Copy the whole line of the .pub file again.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function unsupported(): SecretsError {
  return new SecretsError("E_RECIPIENT", "age cannot encrypt to this type of SSH key.", {
    hint: "Only ssh-ed25519 and ssh-rsa keys can be recipients; security keys (sk-…), ECDSA and DSA cannot.",
  });
}
