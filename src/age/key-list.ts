/** A file of age identities as it grows: what stands there stays byte for byte, and new ones come behind it. */
import { SecretsError } from "../errors.ts";
import { foreignKey } from "./foreign-key.ts";
import { parseIdentities } from "./identity.ts";

export interface KeyEntry {
  /** A secret. */
  readonly identity: string;
  /** None for an identity of a plugin. */
  readonly recipients: readonly string[];
  /** Comment lines without `# `, above the line with the public half. */
  readonly comments: readonly string[];
}

/** `# …` for each comment, `# public key: …` as age-keygen writes it, and the identity; each with its line break. */
export function formatEntry({ identity, recipients, comments }: KeyEntry): string {
  const lines = [...comments, ...recipients.slice(0, 1).map((recipient) => `public key: ${recipient}`)];
  return [...lines.map((line) => `# ${line}`), identity, ""].join("\n");
}

export interface GrownKeyList {
  /** Undefined: every key stands there already. */
  readonly bytes?: Uint8Array;
  readonly added: readonly KeyEntry[];
  readonly known: readonly KeyEntry[];
}

/**
 * @param now undefined for a file that is not there yet
 * @throws SecretsError `E_KEY_FILE` for a file that is no list of identities, or one behind a passphrase
 */
export async function growKeyList(
  now: Uint8Array | undefined,
  entries: readonly KeyEntry[],
  file: string,
): Promise<GrownKeyList> {
  const text = now === undefined ? "" : readList(now, file);
  const seen = new Set(text.split(/\r?\n/).map((line) => line.trim()));
  for (const { recipients } of (await parseIdentities(text, file)).identities)
    for (const one of recipients) seen.add(one);
  const added: KeyEntry[] = [];
  const known: KeyEntry[] = [];
  for (const entry of entries) {
    const names = [entry.identity, ...entry.recipients];
    (names.some((name) => seen.has(name)) ? known : added).push(entry);
    for (const name of names) seen.add(name);
  }
  if (added.length === 0) return { added, known };
  const old = Buffer.from(now ?? []);
  const gap = old.length > 0 && old.at(-1) !== 0x0a ? "\n" : "";
  return { bytes: Buffer.concat([old, Buffer.from(gap + added.map(formatEntry).join(""))]), added, known };
}

function readList(bytes: Uint8Array, file: string): string {
  const text = Buffer.from(bytes).toString("utf8");
  if (text.startsWith("age-encryption") || text.startsWith("-----BEGIN AGE")) {
    throw noList(
      file,
      "this key file is behind a passphrase, and nothing can be added to it",
      "name another one: --to FILE",
    );
  }
  const foreign = text.trim() === "" ? undefined : foreignKey(text);
  if (foreign !== undefined || text.startsWith("-----BEGIN")) {
    throw noList(file, "this file is no list of age keys, and stays as it is", "name another one: --to FILE");
  }
  return text;
}

function noList(file: string, message: string, hint: string): SecretsError {
  return new SecretsError("E_KEY_FILE", message, { location: { file }, hint });
}
