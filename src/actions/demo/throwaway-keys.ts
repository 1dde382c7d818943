/** Keys for the sample fleet. Made when it is made, so that nobody ever holds a key that was published. */
import { randomBytes } from "node:crypto";
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

/** A random token of about `6 × length` bits that can stand in a URL. */
export function makeToken(length: number): string {
  return randomBytes(length).toString("base64url").slice(0, length);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
