/** A new age key, and the public half of one. */
import { randomBytes } from "node:crypto";
import { SecretsError } from "../errors.ts";
import { formatX25519Identity, formatX25519Recipient, parseX25519Identity, x25519Key } from "./x25519.ts";

export interface AgeKey {
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: string;
  /** `age1…` */
  readonly recipient: string;
}

export function makeAgeKey(): AgeKey {
  const scalar = randomBytes(32);
  try {
    return { identity: formatX25519Identity(scalar), recipient: formatX25519Recipient(x25519Key(scalar).point) };
  } finally {
    scalar.fill(0);
  }
}

/** The recipient of an `AGE-SECRET-KEY-1…` text. @throws SecretsError `E_IDENTITY` */
export function publicHalf(identity: string): string {
  const key = parseX25519Identity(identity);
  if (key === null) throw new SecretsError("E_IDENTITY", "This is no private age key.");
  return formatX25519Recipient(key.point);
}

/** What `age-keygen` writes into a file: three lines, of which the last is the secret. */
export function formatKeyFile({ identity, recipient }: AgeKey, now: Date): string {
  return `# created: ${now.toISOString().replace(/\.\d+/, "")}\n# public key: ${recipient}\n${identity}\n`;
}
