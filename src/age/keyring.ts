/**
 * All private keys of this person, gathered once a run. Files are read at the start; a command is run, and a
 * passphrase asked for, only when nothing else opens what has to be opened, and at most once.
 */
import type { SecretsError } from "../errors.ts";
import { type DataKeyEntry, openFirst } from "./data-key.ts";
import type { Contents, Key, KeyringPorts } from "./place.ts";
import { listPlaces, type PlaceSpec } from "./places.ts";
import { parsePluginRecipient } from "./plugin.ts";
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
  /** Names of age plugins whose identities are here. */
  readonly plugins: readonly string[];
  /** What would have to happen before all of it is known. */
  readonly pending?: "command" | "passphrase";
  readonly problem?: SecretsError;
}

interface Slot {
  readonly spec: PlaceSpec;
  contents: Contents;
}

/** Reads every file, and runs and asks nothing. Never rejects for what it finds at a place: `places` tells. */
export async function loadKeyring(outside: KeyringPorts): Promise<Keyring> {
  const ports = { ...outside, askPassphrase: oneAtATime((what: string) => outside.askPassphrase(what)) };
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

  /** The same without what only a comment above a plugin's identity says. */
  provenRecipients(): string[] {
    return [...this.#keys].flatMap(([id, keys]) => (keys.some(({ plugin }) => plugin === undefined) ? [id] : []));
  }

  /**
   * Whether a known key belongs to this recipient. Decrypts, runs and asks nothing; a locked key counts, and a plugin's
   * whose comment says so.
   */
  canOpen(recipient: string): boolean {
    return this.#keys.has(recipientId(recipient));
  }

  /** Whether a plugin might: its identity is here, and nothing says which recipient it belongs to. */
  mayOpen(recipient: string): boolean {
    return this.#pluginKeysFor(recipient).some(({ plugin }) => plugin?.nameless === true);
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
   * those, and a plugin, which may want to be touched, last of all. The label is not authenticated: an entry that is labelled
   * for nobody we know is tried with every open key; a plugin gets only what is labelled for it.
   *
   * @throws SecretsError `E_AGE_…` if none opens and one of them is damaged
   */
  async openAnyDataKey(entries: readonly DataKeyEntry[]): Promise<Uint8Array | null> {
    const failures: unknown[] = [];
    const labelled = (locked: boolean) =>
      openFirst(entries, (entry) => this.#keysFor(entry).filter((key) => key.locked === locked), failures);
    const unlabelled = (keys: readonly Key[]) =>
      openFirst(entries, (entry) => (this.canOpen(entry.recipient) ? [] : keys), failures);

    let dataKey = await labelled(false);
    if (dataKey === null && (await this.#settle("command"))) dataKey = await labelled(false);
    dataKey ??= await labelled(true);
    const tried = this.#openKeys();
    dataKey ??= await unlabelled(tried);
    if (dataKey === null && (await this.#settle("passphrase"))) {
      dataKey = await labelled(false);
      dataKey ??= await unlabelled(this.#openKeys().filter((key) => !tried.includes(key)));
    }
    dataKey ??= await this.#openByPlugin(entries, failures);
    if (dataKey === null && failures.length > 0) throw failures[0];
    return dataKey;
  }

  #keysFor(entry: DataKeyEntry): readonly Key[] {
    return (this.#keys.get(recipientId(entry.recipient)) ?? []).filter(({ plugin }) => plugin === undefined);
  }

  /** Whether an identity of a plugin is here, as far as that is known yet. */
  hasPlugins(): boolean {
    return this.#pluginKeys().length > 0;
  }

  /** Whether a plugin would be asked about what is sealed to this recipient. */
  isForPlugin(recipient: string): boolean {
    return this.#pluginKeysFor(recipient).length > 0;
  }

  /**
   * Asks the plugins about many documents at once, so that a person enters one PIN for all of them: what they answer,
   * also that they fail, is what `openAnyDataKey` finds afterwards. Only for documents that no other key is for.
   *
   * @param documents the age entries of each
   * @throws SecretsError of kind `interrupted` if the person stops the run at a prompt
   */
  async askPlugins(documents: readonly (readonly DataKeyEntry[])[]): Promise<void> {
    const left = () =>
      documents.filter(
        (entries) =>
          entries.every((entry) => this.#keysFor(entry).length === 0) &&
          entries.some(({ recipient }) => this.isForPlugin(recipient)),
      );
    if (left().length > 0) await this.#settle("command");
    if (left().length > 0) await this.#settle("passphrase");
    const opened = await Promise.all(left().map((entries) => this.#openByPlugin(entries, [])));
    for (const dataKey of opened) dataKey?.fill(0);
  }

  /** What says that it is ours comes first: the next one may cost another session. */
  async #openByPlugin(entries: readonly DataKeyEntry[], failures: unknown[]): Promise<Uint8Array | null> {
    const ours = entries.filter(({ recipient }) => this.canOpen(recipient));
    const others = entries.filter(({ recipient }) => !this.canOpen(recipient));
    return openFirst([...ours, ...others], ({ recipient }) => this.#pluginKeysFor(recipient), failures);
  }

  #pluginKeysFor(recipient: string): readonly Key[] {
    const id = recipientId(recipient);
    const name = parsePluginRecipient(id);
    // `age1tag…` names no plugin: whichever has the hardware key recognises the tag in the stanza.
    const isTag = /^age1tag(pq)?1/.test(id);
    return this.#pluginKeys().filter(
      ({ plugin, recipients }) => isTag || plugin?.name === name || recipients.includes(id),
    );
  }

  #pluginKeys(): readonly Key[] {
    return this.#slots.flatMap((slot) => slot.contents.keys.filter(({ plugin }) => plugin !== undefined));
  }

  #openKeys(): readonly Key[] {
    return this.#slots.flatMap((slot) => slot.contents.keys.filter((key) => !key.locked && key.plugin === undefined));
  }

  /**
   * Loads what waits for a command or a passphrase, place by place; true if anything did. A place that is loading
   * already is waited for.
   */
  async #settle(needs: "command" | "passphrase"): Promise<boolean> {
    const waiting = this.#slots.filter((slot) => slot.contents.pending?.needs === needs);
    for (const slot of waiting) {
      const { pending } = slot.contents;
      if (pending?.needs === needs) slot.contents = await pending.load();
    }
    if (waiting.length > 0) this.#keys = indexKeys(this.#slots);
    return waiting.length > 0;
  }
}

/** Prompts share one terminal, however many documents are opened at once. When one is interrupted, no other follows. */
function oneAtATime(ask: (what: string) => Promise<string | null>): (what: string) => Promise<string | null> {
  let last: Promise<unknown> = Promise.resolve();
  return (what) => {
    const answer = last.then(() => ask(what));
    last = answer;
    return answer;
  };
}

function indexKeys(slots: readonly Slot[]): ReadonlyMap<string, readonly Key[]> {
  const index = new Map<string, Key[]>();
  for (const key of slots.flatMap((slot) => slot.contents.keys)) {
    for (const recipient of key.recipients) index.set(recipient, [...(index.get(recipient) ?? []), key]);
  }
  return index;
}
