/**
 * Seals data keys for many readers at the machine's pace: here, and in as many more threads as the work pays for.
 *
 * Threads, and not Node's asynchronous crypto: handing over a single X25519 operation costs about as much as the
 * operation, so that two cores together were no faster than one. A batch costs next to nothing, and so is all that
 * comes after the curve done elsewhere, too. Only data keys and public keys go to a thread; identities never do.
 */
import { encryptTo, encryptWith } from "./file.ts";
import type { Plugins } from "./plugin/plugins.ts";
import { packBatch, recall, type SealBatch, type SealRequest } from "./seal-batch.ts";

export interface Sealer {
  /**
   * The data key (or a share of it) as an armored age file for one recipient: what sops keeps as `enc`. The key must
   * stay as it is until then.
   *
   * @throws SecretsError (rejects) as `parseRecipient` and `encryptTo` do
   */
  seal(recipient: string, dataKey: Uint8Array): Promise<string>;
  /** To be called when the work is done or given up: what has no answer yet is rejected. Once more does nothing. */
  close(): Promise<void>;
}

/** Another thread that runs `sealBatch`. */
export interface SealThread {
  /** When it can take work. It gets none before, and none at all if this rejects. */
  readonly ready: Promise<void>;
  /** May reject: what the thread owed is then sealed here. */
  sealBatch(batch: SealBatch): Promise<readonly (string | null)[]>;
  close(): Promise<void>;
}

export interface SealThreads {
  /** How many can run side by side with this one. */
  readonly spare: number;
  start(): SealThread;
}

/** A thread takes 50 ms to start and half its pace at first: what this one seals until it has caught up. */
const WORTH_A_THREAD = 800;
/** Long enough for the price of a message to vanish, short enough for all to end at about the same time. */
const LARGEST_BATCH = 32;
/** One in work, one at hand: a thread does not wait until this one is free to give it the next. */
const BATCHES_AHEAD = 2;
/** About a millisecond of work: between two turns, files are read, a progress line is drawn, Ctrl-C is heard. */
const TURN = 8;

interface Pending extends SealRequest, PromiseWithResolvers<string> {}

/**
 * @param expected how many keys will be asked for, as far as that is known: threads are started at once if it is
 *   many. Otherwise after a while, when many were.
 * @param threads without them, or if they fail, everything is sealed in this thread.
 * @param plugins what seals to recipients that a plugin serves: without them those are refused
 */
export function createSealer(expected: number, threads?: SealThreads, plugins?: Plugins): Sealer {
  return new Sealing(expected, threads, plugins);
}

class Sealing implements Sealer {
  readonly #expected: number;
  readonly #plugins: Plugins | undefined;
  /** Undefined once they are started. */
  #threads: SealThreads | undefined;
  readonly #started: SealThread[] = [];
  /** Threads that take work, and how many batches each has. */
  readonly #working = new Map<SealThread, number>();
  readonly #queue: Pending[] = [];
  #asked = 0;
  #turn: NodeJS.Immediate | undefined;
  #closed = false;

  constructor(expected: number, threads: SealThreads | undefined, plugins: Plugins | undefined) {
    this.#expected = expected;
    this.#plugins = plugins;
    this.#threads = threads;
    this.#startThreads();
  }

  seal(recipient: string, dataKey: Uint8Array): Promise<string> {
    const plugins = this.#plugins;
    const name = plugins === undefined ? null : pluginOf(recipient);
    // A program of its own, and a person in front of it: nothing for a thread.
    if (plugins !== undefined && name !== null) {
      return encryptWith((fileKey) => plugins.wrap(name, recipient.trim(), fileKey), dataKey);
    }
    const pending = { recipient, dataKey, ...Promise.withResolvers<string>() };
    this.#asked++;
    this.#putBack([pending]);
    return pending.promise;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#working.clear();
    this.#putBack([]);
    await Promise.all(this.#started.map((thread) => thread.close()));
  }

  /** Not shared out at once: what is asked for in one go should go out in one go. */
  #putBack(requests: readonly Pending[]): void {
    this.#queue.push(...requests);
    if (this.#closed) for (const request of this.#queue.splice(0)) giveUp(request);
    if (this.#queue.length === 0) return;
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      void this.#takeTurn();
    });
  }

  async #takeTurn(): Promise<void> {
    this.#startThreads();
    for (const thread of this.#working.keys()) this.#feed(thread);
    for (const pending of this.#queue.splice(0, TURN)) await sealHere(pending);
    this.#putBack([]);
  }

  #startThreads(): void {
    const worth = Math.floor(Math.max(this.#asked, this.#expected) / WORTH_A_THREAD);
    const threads = this.#threads;
    if (threads === undefined || worth === 0) return;
    this.#threads = undefined;
    try {
      while (this.#started.length < Math.min(worth, threads.spare)) {
        const thread = threads.start();
        this.#started.push(thread);
        thread.ready.then(
          () => this.#feed(thread),
          () => {},
        );
      }
    } catch {
      // The system gives no more threads; with fewer it takes longer.
    }
  }

  #feed(thread: SealThread): void {
    if (this.#closed) return;
    let batches = this.#working.get(thread) ?? 0;
    while (batches < BATCHES_AHEAD && this.#queue.length > 0) {
      // Half of what would be its share if all were equally fast: whoever is done first takes more.
      const share = Math.ceil(this.#queue.length / (2 * (this.#working.size + 1)));
      void this.#give(thread, this.#queue.splice(0, Math.min(share, LARGEST_BATCH)));
      batches++;
    }
    this.#working.set(thread, batches);
  }

  async #give(thread: SealThread, batch: readonly Pending[]): Promise<void> {
    try {
      const sealed = await thread.sealBatch(packBatch(batch));
      for (const [i, pending] of batch.entries()) {
        const enc = sealed[i] ?? null;
        if (enc === null) await sealHere(pending);
        else pending.resolve(enc);
      }
      this.#working.set(thread, (this.#working.get(thread) ?? 1) - 1);
      this.#feed(thread);
    } catch {
      this.#working.delete(thread);
      this.#putBack(batch);
    }
  }
}

/** Null for a recipient of any other kind, and for what is none: that is told where it is sealed to. */
function pluginOf(recipient: string): string | null {
  try {
    const parsed = recall(recipient);
    return parsed.kind === "plugin" ? parsed.plugin : null;
  } catch {
    return null;
  }
}

/** Whoever closed the sealer may not wait for an answer any more; that must not end the process. */
function giveUp({ promise, reject }: Pending): void {
  promise.catch(() => {});
  reject(new Error("the sealer was closed"));
}

async function sealHere({ recipient, dataKey, resolve, reject }: Pending): Promise<void> {
  try {
    resolve(await encryptTo([recall(recipient)], dataKey));
  } catch (error) {
    reject(error);
  }
}
