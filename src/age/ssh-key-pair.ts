/** New SSH key pairs, as OpenSSH writes them (PROTOCOL.key). */
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
  const check = drawBytes(4);
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
  const lines = toBase64(file).match(/.{1,70}/g) ?? [];
  return {
    privateKey: ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n"),
    publicKey: `ssh-ed25519 ${toBase64(publicBlob)} ${comment}\n`,
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
