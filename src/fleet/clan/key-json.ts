/** `key.json`: the public keys of one user or machine, as an array or, in older fleets, one object. */
import { parseRecipient, recipientId } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import { fingerprintId, isFingerprint } from "../fingerprint.ts";

export interface ClanKey {
  readonly type: "age" | "pgp";
  /** Canonical: what documents are compared by. */
  readonly id: string;
  /** As it was written; clan hands it to sops unchanged. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

export interface KeyJson {
  readonly keys: readonly ClanKey[];
  /** Ends of the sentence "This key file …". Empty: clan and we read the same keys. */
  readonly faults: readonly string[];
}

const MAX_BYTES = 1024 * 1024;
/** Whoever has more of them has to make the file anew anyway. */
const MAX_FAULTS = 20;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Never throws: what can be read is read, the rest is told. */
export function parseKeyJson(bytes: Uint8Array): KeyJson {
  if (bytes.length > MAX_BYTES) return { keys: [], faults: ["is larger than 1 MiB"] };
  let text: string;
  let json: unknown;
  try {
    text = decoder.decode(bytes);
    json = JSON.parse(text);
  } catch {
    return { keys: [], faults: ["is not JSON"] };
  }
  if (!isObject(json)) return { keys: [], faults: ["is neither a list of keys nor one key"] };
  const items: readonly unknown[] = Array.isArray(json) ? json : [json];
  const keys = new Map<string, ClanKey>();
  const faults = items.length === 0 ? ["lists no keys"] : [];
  for (const [i, item] of items.entries()) {
    const key = readKey(item, text);
    const which = items.length === 1 ? "" : `, as key ${i + 1},`;
    if (typeof key === "string") faults.push(`holds${which} ${key}`);
    else if (keys.has(key.id)) faults.push(`holds${which} a key that it already has`);
    else keys.set(key.id, key);
  }
  const more = faults.length - MAX_FAULTS;
  if (more > 0) faults.splice(MAX_FAULTS, more, `holds ${more} more that cannot be used`);
  return { keys: [...keys.values()], faults };
}

/** The key, or what is there instead of one. */
function readKey(item: unknown, text: string): ClanKey | string {
  if (!isObject(item) || Array.isArray(item)) return "something that is not a key";
  const { publickey, type } = item as { publickey?: unknown; type?: unknown };
  if (typeof type !== "string") return "a key without a type";
  const kind = type.toLowerCase();
  if (kind !== "age" && kind !== "pgp") return "a key of a type that is neither age nor pgp";
  if (typeof publickey !== "string" || publickey === "") return "a key without a publickey";
  const line = lineOf(text, publickey);
  if (kind === "pgp") {
    if (!isFingerprint(publickey)) return "a pgp key that is not a fingerprint";
    return { type: kind, id: fingerprintId(publickey), text: publickey, line };
  }
  try {
    parseRecipient(publickey);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return `an age key that cannot be used (${error.message.replace(/\.$/, "")})`;
  }
  return { type: kind, id: recipientId(publickey), text: publickey, line };
}

/** A key's text is plain ASCII and stands in the file as it is; the first line for one that is escaped. */
function lineOf(text: string, publicKey: string): number {
  return text.slice(0, Math.max(0, text.indexOf(publicKey))).split("\n").length;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
