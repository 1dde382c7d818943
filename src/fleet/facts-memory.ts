/**
 * What earlier runs learnt of documents that have not changed since. A fleet of ten thousand documents is then looked
 * through in the time that it takes to look at their dates. Holds what is public anyway: key names, readers, dates.
 *
 * A memory must never make a check call clean what is not: an entry counts only while the file's stamp is the same, and
 * whatever was odd about a file is not remembered at all, so that it is found again by every run.
 */
import type { MasterKeyType } from "../sops/metadata.ts";
import type { Format } from "../sops/store.ts";
import type { ClearPlace, DocumentFacts, ReaderTable } from "./document.ts";
import type { Ground } from "./ground.ts";

/** Where a ground keeps such a memory; grounds without one are read anew each time. */
export interface MemoryPlace {
  /** The version of the program: what another one learnt is forgotten. */
  readonly program: string;
  /** Tells one content of a file or link from another, as of the last `list()`; undefined when that cannot be told. */
  stamp(path: string): string | undefined;
  load(): Uint8Array | undefined;
  store(bytes: Uint8Array): void;
}

/** To be raised whenever facts are found in another way, or written in another form, between two versions. */
const FORM = 1;
/** Below this many documents reading them costs less than remembering them is worth. */
const WORTHWHILE = 500;

/** `nothing`: the file is no document. */
export type Remembered = DocumentFacts | "nothing";

type ReaderList = readonly (readonly [MasterKeyType, string])[];
type Entry = readonly [
  path: string,
  stamp: string,
  /** Left out: the file is no document. A text: it is a link. */
  facts?:
    | string
    | readonly [
        readers: number,
        format: Format,
        keys: readonly string[],
        clear: readonly ClearPlace[],
        version: string,
        lastModified: string,
      ],
];

interface Stored {
  readonly form: number;
  readonly program: string;
  readonly readers: readonly ReaderList[];
  readonly entries: readonly Entry[];
}

export class FactsMemory {
  readonly #place: MemoryPlace | undefined;
  readonly #old = new Map<string, Entry>();
  readonly #oldReaders: readonly ReaderList[];
  readonly #stamps = new Map<string, string>();
  readonly #kept: Entry[] = [];
  /** Paths of the links among them. */
  readonly #links = new Set<string>();
  readonly #readers = new Map<unknown, number>();
  readonly #readerLists: ReaderList[] = [];
  #learnt = 0;

  /** @param place undefined: remembers nothing */
  constructor(place: MemoryPlace | undefined) {
    this.#place = place;
    const stored = place === undefined ? undefined : parse(place);
    this.#oldReaders = stored?.readers ?? [];
    for (const entry of stored?.entries ?? []) this.#old.set(entry[0], entry);
  }

  /** What is known of a file as it is now; undefined when it has to be read. Call it before the file is read. */
  recall(path: string, table: ReaderTable): Remembered | undefined {
    if (this.#place === undefined) return undefined;
    const stamp = this.#place.stamp(path);
    if (stamp === undefined) return undefined;
    this.#stamps.set(path, stamp);
    const entry = this.#old.get(path);
    if (entry?.[1] !== stamp) return undefined;
    const [, , facts] = entry;
    if (typeof facts === "string") return undefined;
    if (facts === undefined) {
      this.#kept.push(entry);
      return "nothing";
    }
    const [list, format, keys, clear, version, lastModified] = facts;
    const readers = table.list((this.#oldReaders[list] ?? []).map(([type, id]) => ({ type, id })));
    const known: DocumentFacts = { format, keys, readers, clear, version, lastModified };
    this.#keep(path, stamp, known);
    return known;
  }

  /** Keeps what was just read. A document whose key is split among groups is rare and is read each time. */
  remember(path: string, known: Remembered): void {
    const stamp = this.#stamps.get(path);
    if (stamp === undefined || (known !== "nothing" && known.shares !== undefined)) return;
    this.#learnt++;
    if (known === "nothing") this.#kept.push([path, stamp]);
    else this.#keep(path, stamp, known);
  }

  /** The same ground with the texts of its links remembered. */
  withLinks(ground: Ground): Ground {
    return { ...ground, readLink: (path) => this.#readLink(ground, path) };
  }

  async #readLink(ground: Ground, path: string): Promise<string> {
    const stamp = this.#place?.stamp(path);
    const entry = stamp === undefined ? undefined : this.#old.get(path);
    const known = entry?.[1] === stamp ? entry?.[2] : undefined;
    const text = typeof known === "string" ? known : await ground.readLink(path);
    if (stamp !== undefined && !this.#links.has(path)) {
      this.#links.add(path);
      this.#kept.push([path, stamp, text]);
      if (text !== known) this.#learnt++;
    }
    return text;
  }

  /** Writes it down if there is something new and enough of it. */
  save(): void {
    const changed = this.#learnt > 0 || this.#kept.length !== this.#old.size;
    if (this.#place === undefined || !changed || this.#kept.length < WORTHWHILE) return;
    const stored: Stored = {
      form: FORM,
      program: this.#place.program,
      readers: this.#readerLists,
      entries: this.#kept,
    };
    this.#place.store(Buffer.from(JSON.stringify(stored)));
  }

  #keep(path: string, stamp: string, { format, keys, readers, clear, version, lastModified }: DocumentFacts): void {
    let list = this.#readers.get(readers);
    if (list === undefined) {
      list = this.#readerLists.push(readers.map(({ type, id }) => [type, id] as const)) - 1;
      this.#readers.set(readers, list);
    }
    this.#kept.push([path, stamp, [list, format, keys, clear, version, lastModified]]);
  }
}

/** Ours alone to write, and still: what does not look like ours is forgotten. */
function parse(place: MemoryPlace): Stored | undefined {
  const bytes = place.load();
  if (bytes === undefined) return undefined;
  try {
    const stored: Stored = JSON.parse(Buffer.from(bytes).toString("utf8"));
    const same = stored.form === FORM && stored.program === place.program;
    return same && Array.isArray(stored.entries) && Array.isArray(stored.readers) ? stored : undefined;
  } catch {
    return undefined;
  }
}
