/**
 * The plugins of a run. A session may cost a person a PIN and a touch, so what is asked for at about the same time goes
 * into one; sessions follow each other, because there is one person; and a plugin that failed is not asked again.
 */
import { createHash } from "node:crypto";
import { SecretsError } from "../../errors.ts";
import type { Stanza } from "../header.ts";
import type { PluginPorts } from "./session.ts";
import { formatStanza } from "./stanza-stream.ts";
import { type Unwrapped, unwrapKeys } from "./unwrap-keys.ts";
import { wrapKeys } from "./wrap-keys.ts";

/** Milliseconds to wait for what else will be asked for: documents are worked on side by side. */
const GATHER = 30;
/** Of one session: a plugin may keep all of it in memory. */
const LARGEST_SESSION = 1000;

interface Waiting<In, Out> extends PromiseWithResolvers<Out> {
  readonly input: In;
}

export class Plugins {
  readonly #ports: PluginPorts;
  readonly #wraps = new Map<string, Queue<Uint8Array, Stanza[]>>();
  readonly #unwraps = new Map<string, Queue<readonly Stanza[], Unwrapped>>();
  /** By identities and header. Nobody is asked to touch their key twice in a run for the same file. */
  readonly #answers = new Map<string, Promise<Unwrapped>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(ports: PluginPorts) {
    this.#ports = ports;
  }

  /** The stanzas of a file key for a recipient `age1<name>1…`. @throws SecretsError `E_AGE_PLUGIN`, `E_AGE_PLUGIN_MISSING` */
  wrap(name: string, recipient: string, fileKey: Uint8Array): Promise<Stanza[]> {
    const queue =
      this.#wraps.get(recipient) ??
      new Queue((keys: readonly Uint8Array[]) => this.#inTurn(() => wrapKeys(this.#ports, name, recipient, keys)));
    this.#wraps.set(recipient, queue);
    return queue.ask(fileKey);
  }

  /**
   * The file key of a header, or null if it is for none of these identities.
   * @throws SecretsError `E_AGE_PLUGIN`, `E_AGE_PLUGIN_MISSING`
   */
  async unwrap(name: string, identities: readonly string[], stanzas: readonly Stanza[]): Promise<Uint8Array | null> {
    // The protocol has no way to name a file without stanzas.
    if (stanzas.length === 0) return null;
    const whose = [name, ...identities].join("\n");
    const queue =
      this.#unwraps.get(whose) ??
      new Queue((files: readonly (readonly Stanza[])[]) =>
        this.#inTurn(() => unwrapKeys(this.#ports, name, identities, files)),
      );
    this.#unwraps.set(whose, queue);
    const question = `${whose}\n${digestOf(stanzas)}`;
    const answer = this.#answers.get(question) ?? queue.ask(stanzas);
    this.#answers.set(question, answer);
    const found = await answer;
    if (found instanceof SecretsError) throw found;
    // Whoever opens the file wipes the key.
    return found === null ? null : Uint8Array.from(found);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

class Queue<In, Out> {
  readonly #serve: (inputs: readonly In[]) => Promise<readonly Out[]>;
  #waiting: Waiting<In, Out>[] = [];
  #running = false;
  #failed: unknown;

  constructor(serve: (inputs: readonly In[]) => Promise<readonly Out[]>) {
    this.#serve = serve;
  }

  ask(input: In): Promise<Out> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    const waiting: Waiting<In, Out> = { input, ...Promise.withResolvers<Out>() };
    this.#waiting.push(waiting);
    if (!this.#running) void this.#run();
    return waiting.promise;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, GATHER));
      const batch = this.#waiting.splice(0, LARGEST_SESSION);
      try {
        const answers = await this.#serve(batch.map(({ input }) => input));
        for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as Out);
      } catch (error) {
        this.#failed = error;
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error);
      }
    }
    this.#running = false;
  }
}

function digestOf(stanzas: readonly Stanza[]): string {
  const hash = createHash("sha256");
  for (const { args, body } of stanzas) hash.update(formatStanza(args, body));
  return hash.digest("base64");
}
