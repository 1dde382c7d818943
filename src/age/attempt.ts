/** One attempt at a document's data key: entries on one side, keys on the other, no pair tried twice. */
import { type AgeFile, openFile, parseFile } from "./file.ts";
import type { Key } from "./place.ts";

/** One age entry of a document: the armored file `enc` holds the data key, for `recipient`. */
export interface DataKeyEntry {
  readonly recipient: string;
  readonly enc: string;
}

/** Entries on their way to being opened. Each is parsed when it is first tried, and once. */
export class Attempt {
  readonly #entries: readonly DataKeyEntry[];
  readonly #files = new Map<DataKeyEntry, AgeFile | null>();
  readonly #tried = new Map<DataKeyEntry, Set<Key>>();
  #failure: unknown;

  constructor(entries: readonly DataKeyEntry[]) {
    this.#entries = entries;
  }

  /** The first data key that comes out, entry by entry, key by key; null if none does. */
  async tryEach(keysFor: (entry: DataKeyEntry) => readonly Key[]): Promise<Uint8Array | null> {
    for (const entry of this.#entries) {
      const tried = this.#tried.get(entry) ?? new Set();
      this.#tried.set(entry, tried);
      for (const key of keysFor(entry)) {
        if (tried.has(key)) continue;
        tried.add(key);
        const dataKey = await this.#tryOne(entry, key);
        if (dataKey !== null) return dataKey;
      }
    }
    return null;
  }

  /** @throws SecretsError `E_AGE_…`, what was wrong with the first entry that was damaged, if one was */
  throwFirstFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #tryOne(entry: DataKeyEntry, key: Key): Promise<Uint8Array | null> {
    const file = this.#parse(entry);
    const identity = file === null ? null : await key.unlock();
    if (file === null || identity === null) return null;
    try {
      return await openFile(file, identity);
    } catch (error) {
      this.#failure ??= error;
      return null;
    }
  }

  #parse(entry: DataKeyEntry): AgeFile | null {
    const known = this.#files.get(entry);
    if (known !== undefined) return known;
    let file: AgeFile | null = null;
    try {
      file = parseFile(entry.enc);
    } catch (error) {
      this.#failure ??= error;
    }
    this.#files.set(entry, file);
    return file;
  }
}
