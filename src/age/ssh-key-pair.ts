/** New SSH key pairs, as OpenSSH writes them (PROTOCOL.key). */
import type { webcrypto } from "node:crypto";
import { ed25519Point } from "./curve25519.ts";
import { drawBytes } from "./random.ts";
import { formatEd25519Blob } from "./ssh-public-key.ts";

export interface SshKeyPair {
  /** The file, not encrypted. */
  readonly privateKey: string;
  /** One line, with its comment. */
  readonly publicKey: string;
}

/** As `ssh-keygen -t ed25519 -N ''` makes one. */
export function makeSshKeyPair(comment: string): SshKeyPair {
  const seed = drawBytes(32);
  const point = ed25519Point(seed);
  const publicBlob = formatEd25519Blob(point);
  return layOut(publicBlob, [string("ssh-ed25519"), string(point), string(seed, point)], "ssh-ed25519", comment);
}

/** An RSA key as `ssh-keygen -t rsa -N ''` writes it. @param jwk the private key, as Node exports it */
export function formatRsaPair(jwk: webcrypto.JsonWebKey, comment: string): SshKeyPair {
  const [n, e, d, iqmp, p, q] = [jwk.n, jwk.e, jwk.d, jwk.qi, jwk.p, jwk.q].map(mpint) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const publicBlob = Buffer.concat([string("ssh-rsa"), e, n]);
  return layOut(publicBlob, [string("ssh-rsa"), n, e, d, iqmp, p, q], "ssh-rsa", comment);
}

/** A number without a sign, which is what a leading bit would be. */
function mpint(base64url: string | undefined): Uint8Array {
  const bytes = Buffer.from(base64url ?? "", "base64url");
  return (bytes[0] ?? 0) > 127 ? string(Buffer.from([0]), bytes) : string(bytes);
}

function layOut(publicBlob: Uint8Array, parts: readonly Uint8Array[], type: string, comment: string): SshKeyPair {
  const check = drawBytes(4);
  const section = Buffer.concat([check, check, ...parts, string(comment)]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (section.length % 8)) % 8);
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    string("none"),
    string("none"),
    string(""),
    Buffer.from([0, 0, 0, 1]),
    string(publicBlob),
    string(section, padding),
  ]);
  const lines = toBase64(file).match(/.{1,70}/g) ?? [];
  return {
    privateKey: ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n"),
    publicKey: `${type} ${toBase64(publicBlob)} ${comment}\n`,
  };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** The SSH wire encoding of a string: its length in four bytes, then the parts. */
function string(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}
