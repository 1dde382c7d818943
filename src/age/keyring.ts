/**
 * All private keys of this person, gathered once a run. Files are read at the start; a command is run, and a
 * passphrase asked for, only when nothing else opens what has to be opened, and at most once.
 */
import type { SecretsError } from "../errors.ts";
import { Attempt, type DataKeyEntry } from "./attempt.ts";
import type { Contents, Key, KeyringPorts } from "./place.ts";
import { listPlaces, type PlaceSpec } from "./places.ts";
import { readPlace } from "./read-place.ts";
import { recipientId } from "./recipient.ts";

/** What `doctor` prints of a place. */
export interface Place {
  /** The variable's name, or the path with `~`. */
  readonly name: string;
  readonly path?: string;
  readonly found: boolean;
  /** Public halves of the keys that are here, as far as they are known yet. */
  readonly identities: readonly string[];
  /** Names of age plugins whose identities are here; they cannot be used yet. */
  readonly plugins: readonly string[];
  /** What would have to happen before all of it is known. */
  readonly pending?: "command" | "passphrase";
  readonly problem?: SecretsError;
}

interface Slot {
  readonly spec: PlaceSpec;
  contents: Contents;
}

/** @returns at once with every file read, and nothing run or asked. Never rejects for what it finds at a place. */
export async function loadKeyring(ports: KeyringPorts): Promise<Keyring> {
  const read = new Map<string, Promise<Contents>>();
  const slots: Slot[] = [];
  for (const spec of listPlaces(ports)) {
    // Two names for one file: it is read, and its passphrase asked for, once.
    const id = "path" in spec ? `${spec.kind} ${spec.path}` : spec.name;
    const contents = read.get(id) ?? readPlace(spec, ports);
    read.set(id, contents);
    slots.push({ spec, contents: await contents });
  }
  return new Keyring(slots);
}

export class Keyring {
  readonly #slots: readonly Slot[];
  readonly #settled = new Map<"command" | "passphrase", Promise<void>>();
  #keys: ReadonlyMap<string, readonly Key[]>;

  /** Use `loadKeyring`. */
  constructor(slots: readonly Slot[]) {
    this.#slots = slots;
    this.#keys = indexKeys(slots);
  }

  /** Every place that was looked at, in order, as far as it is known at this moment. */
  get places(): readonly Place[] {
    return this.#slots.map(({ spec, contents }) => ({
      name: spec.name,
      ...("path" in spec ? { path: spec.path } : {}),
      found: contents.found,
      identities: contents.keys.flatMap((key) => key.recipients),
      plugins: contents.plugins,
      ...(contents.pending === undefined ? {} : { pending: contents.pending.needs }),
      ...(contents.problem === undefined ? {} : { problem: contents.problem }),
    }));
  }

  /** The public half of every key known at this moment, each once, in the order of the places. */
  recipients(): string[] {
    return [...this.#keys.keys()];
  }

  /** Whether a known key belongs to this recipient. Decrypts, runs and asks nothing; a locked key counts. */
  canOpen(recipient: string): boolean {
    return this.#keys.has(recipientId(recipient));
  }

  /** Runs the commands that print keys, if that has not happened yet, so that `recipients` and `canOpen` know them. */
  async runCommands(): Promise<void> {
    await this.#settle("command");
  }

  /**
   * The data key of an entry, or null if no key opens it.
   *
   * @throws SecretsError `E_AGE_…` if the entry is damaged
   */
  async openDataKey(entry: DataKeyEntry): Promise<Uint8Array | null> {
    return this.openAnyDataKey([entry]);
  }

  /**
   * The data key of the first entry that opens, or null. Entries whose `recipient` is one of our keys come first, so
   * that neither many readers nor many keys cost more than one try; a command, then a passphrase, come only after
   * those. The label is not authenticated: an entry that is labelled for nobody we know is tried with every open key.
   *
   * @throws SecretsError `E_AGE_…` if none opens and one of them is damaged
   */
  async openAnyDataKey(entries: readonly DataKeyEntry[]): Promise<Uint8Array | null> {
    const attempt = new Attempt(entries);
    const labelled = async (locked: boolean) =>
      attempt.tryEach((entry) => this.#keysFor(entry).filter((key) => key.locked === locked));
    const unlabelled = async (keys: () => readonly Key[]) =>
      attempt.tryEach((entry) => (this.canOpen(entry.recipient) ? [] : keys()));
    const openKeys = () => this.#slots.flatMap((slot) => slot.contents.keys.filter((key) => !key.locked));

    let dataKey = await labelled(false);
    if (dataKey === null && (await this.#settle("command"))) dataKey = await labelled(false);
    dataKey ??= await labelled(true);
    dataKey ??= await unlabelled(openKeys);
    if (dataKey === null) {
      const known = new Set(openKeys());
      if (await this.#settle("passphrase")) {
        dataKey = await labelled(false);
        dataKey ??= await unlabelled(() => openKeys().filter((key) => !known.has(key)));
      }
    }
    if (dataKey === null) attempt.throwFirstFailure();
    return dataKey;
  }

  #keysFor(entry: DataKeyEntry): readonly Key[] {
    return this.#keys.get(recipientId(entry.recipient)) ?? [];
  }

  /** Loads what waits for commands or for passphrases; true if there was anything. Once a run. */
  async #settle(needs: "command" | "passphrase"): Promise<boolean> {
    const waiting = this.#slots.filter((slot) => slot.contents.pending?.needs === needs);
    if (waiting.length === 0) return false;
    const settled = this.#settled.get(needs) ?? this.#load(waiting);
    this.#settled.set(needs, settled);
    await settled;
    return true;
  }

  /** One after the other: two prompts at once would share one terminal. */
  async #load(waiting: readonly Slot[]): Promise<void> {
    for (const slot of waiting) slot.contents = (await slot.contents.pending?.load()) ?? slot.contents;
    this.#keys = indexKeys(this.#slots);
  }
}

function indexKeys(slots: readonly Slot[]): ReadonlyMap<string, readonly Key[]> {
  const index = new Map<string, Key[]>();
  for (const key of slots.flatMap((slot) => slot.contents.keys)) {
    for (const recipient of key.recipients) index.set(recipient, [...(index.get(recipient) ?? []), key]);
  }
  return index;
}
