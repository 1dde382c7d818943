/** Keys for the sample fleet. Made when it is made, so that nobody ever holds a key that was published. */
import { randomBytes } from "node:crypto";
import { ed25519Point } from "../../age/curve25519.ts";
import { formatEd25519Blob } from "../../age/ssh-public-key.ts";
import { x25519Key } from "../../age/x25519.ts";

export interface TextKeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** As `wg genkey` and `wg pubkey` print them. */
export function makeWireGuardKey(): TextKeyPair {
  const scalar = randomBytes(32);
  return { privateKey: `${base64(scalar)}\n`, publicKey: `${base64(x25519Key(scalar).point)}\n` };
}

/** As `ssh-keygen -t ed25519 -N ''` writes them (PROTOCOL.key of OpenSSH). */
export function makeSshKey(comment: string): TextKeyPair {
  const seed = randomBytes(32);
  const point = ed25519Point(seed);
  const publicBlob = formatEd25519Blob(point);
  const check = randomBytes(4);
  const section = Buffer.concat([check, check, publicBlob, string(seed, point), string(comment)]);
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
  const lines = base64(file).match(/.{1,70}/g) ?? [];
  return {
    privateKey: ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n"),
    publicKey: `ssh-ed25519 ${base64(publicBlob)} ${comment}\n`,
  };
}

/** A random token of about `6 × length` bits that can stand in a URL. */
export function makeToken(length: number): string {
  return randomBytes(length).toString("base64url").slice(0, length);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** The SSH wire encoding of a string: its length in four bytes, then the parts. */
function string(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}
