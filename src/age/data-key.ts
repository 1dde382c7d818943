/** Entries of a document on one side, keys on the other: the first pair that fits. */
import { SecretsError } from "../errors.ts";
import { type AgeFile, openFile, parseFile } from "./file.ts";
import type { Key } from "./place.ts";

/** One age entry of a document: the armored file `enc` holds the data key, for `recipient`. */
export interface DataKeyEntry {
  readonly recipient: string;
  readonly enc: string;
}

/**
 * The first data key that comes out, entry by entry, key by key; null if none does. An entry without keys is not
 * looked at. What is wrong with damaged entries is added to `failures`, as another entry may still open. Rejects only
 * if the person stops the run at a prompt.
 */
export async function openFirst(
  entries: readonly DataKeyEntry[],
  keysFor: (entry: DataKeyEntry) => readonly Key[],
  failures: unknown[],
): Promise<Uint8Array | null> {
  for (const entry of entries) {
    const keys = keysFor(entry);
    const file = keys.length === 0 ? null : parse(entry, failures);
    if (file === null) continue;
    for (const key of keys) {
      const dataKey = await openOne(file, key, failures);
      if (dataKey !== null) return dataKey;
    }
  }
  return null;
}

function parse(entry: DataKeyEntry, failures: unknown[]): AgeFile | null {
  try {
    return parseFile(entry.enc);
  } catch (error) {
    failures.push(error);
    return null;
  }
}

async function openOne(file: AgeFile, key: Key, failures: unknown[]): Promise<Uint8Array | null> {
  const identity = await key.unlock();
  if (identity === null) return null;
  try {
    return await openFile(file, identity);
  } catch (error) {
    if (error instanceof SecretsError && error.kind === "interrupted") throw error;
    failures.push(error);
    return null;
  }
}
