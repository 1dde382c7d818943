/** Recipients: the public keys that an age file is encrypted to, in every spelling that age and sops know. */
import { SecretsError } from "../errors.ts";
import { decodeBech32 } from "./bech32.ts";
import { importPoint } from "./curve25519.ts";
import type { Stanza } from "./header.ts";
import { parsePluginRecipient } from "./plugin.ts";
import { wrapSshEd25519 } from "./ssh-ed25519.ts";
import { parseSshPublicLine } from "./ssh-public-key.ts";
import { wrapSshRsa } from "./ssh-rsa.ts";
import { parseX25519Recipient, wrapX25519 } from "./x25519.ts";

declare const brand: unique symbol;
/** The text of a recipient that was parsed, and is therefore no private key and no nonsense. */
export type AgeRecipient = string & { readonly [brand]: "AgeRecipient" };

export type Recipient = NativeRecipient | LibraryRecipient | PluginRecipient;

/** A recipient that is served by this floor itself. */
export interface NativeRecipient {
  /** As it was written, trimmed; an SSH key keeps its comment. */
  readonly text: AgeRecipient;
  readonly kind: "x25519" | "ssh-ed25519" | "ssh-rsa";
  /** @throws SecretsError `E_RECIPIENT` for a key of small order */
  wrapFileKey(fileKey: Uint8Array): Stanza;
}

/** A recipient that is served by the age library, which draws the file key itself. */
export interface LibraryRecipient {
  readonly text: AgeRecipient;
  readonly kind: "hybrid" | "tag";
  readonly postQuantum: boolean;
}

/** A recipient that needs a program `age-plugin-<name>`: `Plugins.wrap` seals to it, alone in its file. */
export interface PluginRecipient {
  readonly text: AgeRecipient;
  readonly kind: "plugin";
  readonly plugin: string;
}

const LIBRARY_TYPES = [
  { prefix: "age1pq", kind: "hybrid", length: 1216, postQuantum: true },
  { prefix: "age1tag", kind: "tag", length: 33, postQuantum: false },
  { prefix: "age1tagpq", kind: "tag", length: 1249, postQuantum: true },
] as const;

/**
 * A recipient from its text; blanks around it are dropped.
 *
 * @throws SecretsError `E_RECIPIENT` with the reason. The message never repeats the text: it may be a private key.
 */
export function parseRecipient(text: string): Recipient {
  const trimmed = text.trim();
  refuseImpostors(trimmed);
  const branded = trimmed as AgeRecipient;
  return trimmed.startsWith("age1") ? parseAgeRecipient(branded) : parseSshRecipient(branded);
}

/**
 * What two texts of the same recipient have in common: an SSH key's comment and blanks around are dropped. Any text
 * is taken, so that what a document says can be compared before it is trusted.
 */
export function recipientId(text: string): string {
  const trimmed = text.trim();
  return trimmed.startsWith("ssh-") ? trimmed.split(/[ \t]+/, 2).join(" ") : trimmed;
}

/** Whether two texts name the same recipient. */
export function sameRecipient(a: string, b: string): boolean {
  return recipientId(a) === recipientId(b);
}

/** Texts that people paste by mistake, each with its own answer. */
function refuseImpostors(text: string): void {
  if (text === "") throw recipientError("is empty", "Give a public key: age1… or ssh-ed25519 ….");
  if (/^AGE-PLUGIN-/i.test(text)) {
    throw recipientError(
      "is an identity of a plugin",
      "Give its recipient, age1NAME1…: it stands above the identity in its file, and the plugin lists it.",
    );
  }
  if (/^AGE-SECRET-KEY-/i.test(text) || text.startsWith("-----BEGIN")) {
    throw recipientError(
      "is a private key",
      "Give its public half (age-keygen -y), and treat the private key as leaked if it was written into the repository.",
    );
  }
  if (/[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/.test(text))
    throw recipientError("contains a control character", "Give one key on one line.");
  if (/^AGE1/.test(text)) throw recipientError("is in upper case", "Write age recipients in lower case.");
  if (!text.startsWith("age1") && !/^(ssh|ecdsa|sk)-/.test(text)) {
    throw recipientError("is of an unknown kind", "age1…, ssh-ed25519 … and ssh-rsa … are known.");
  }
}

function parseAgeRecipient(text: AgeRecipient): Recipient {
  const point = parseX25519Recipient(text);
  if (point !== null) {
    const publicKey = importPoint(point);
    return { text, kind: "x25519", wrapFileKey: (fileKey) => wrapX25519(fileKey, point, publicKey) };
  }
  const decoded = decodeBech32(text);
  if (decoded === null) throw recipientError("is mistyped or cut off (its checksum is wrong)", "Copy the key again.");
  const type = LIBRARY_TYPES.find(({ prefix }) => prefix === decoded.prefix);
  if (type !== undefined && type.length === decoded.bytes.length) {
    return { text, kind: type.kind, postQuantum: type.postQuantum };
  }
  const plugin = type === undefined ? parsePluginRecipient(text) : null;
  if (plugin === null) throw recipientError("has the wrong length for its kind", "Copy the key again.");
  return { text, kind: "plugin", plugin };
}

function parseSshRecipient(text: AgeRecipient): NativeRecipient {
  const key = parseSshPublicLine(text);
  if (key.type === "ssh-rsa") return { text, kind: "ssh-rsa", wrapFileKey: (fileKey) => wrapSshRsa(fileKey, key) };
  const montgomery = importPoint(key.montgomery);
  return { text, kind: "ssh-ed25519", wrapFileKey: (fileKey) => wrapSshEd25519(fileKey, key, montgomery) };
}

function recipientError(reason: string, hint: string): SecretsError {
  return new SecretsError("E_RECIPIENT", `A recipient ${reason}.`, { hint });
}
