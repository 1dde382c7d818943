/** Plugins in memory: a behaviour on the other side of two pipes. */
import type { Stanza } from "../../../src/age/header.ts";
import { Plugins } from "../../../src/age/plugin/plugins.ts";
import type { PluginPerson, PluginProcess, StartPlugin } from "../../../src/age/plugin/ports.ts";
import { formatStanza, StanzaReader } from "../../../src/age/plugin/stanza-stream.ts";

/** The other side: what it was told, and a way to say something and hear the answer. */
interface Side {
  readonly machine: string;
  readonly told: readonly Stanza[];
  say(args: readonly string[], body?: Uint8Array): Promise<Stanza>;
  write(text: string): void;
}

export type Behaviour = (side: Side) => Promise<void>;

class Pipe implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  #wake: () => void = () => {};
  #closed = false;

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#closed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function starting(behave: Behaviour) {
  let starts = 0;
  let ended = 0;
  let killed = 0;
  const start: StartPlugin = (_, machine): PluginProcess => {
    starts++;
    const [input, output] = [new Pipe(), new Pipe()];
    const reader = new StanzaReader(input);
    const run = async () => {
      const told: Stanza[] = [];
      for (;;) {
        const stanza = await reader.next();
        if (stanza === null || stanza.args[0] === "done") break;
        told.push(stanza);
      }
      const say = async (args: readonly string[], body?: Uint8Array) => {
        output.push(formatStanza(args, body));
        return (await reader.next()) ?? { args: ["nothing"], body: new Uint8Array() };
      };
      await behave({ machine, told, say, write: (text) => output.push(Buffer.from(text, "latin1")) });
      output.close();
    };
    void run().catch(() => output.close());
    return {
      output,
      // Who writes may wipe it afterwards.
      write: async (bytes) => input.push(Uint8Array.from(bytes)),
      end: async () => {
        ended++;
        input.close();
      },
      kill: () => {
        killed++;
        input.close();
        output.close();
      },
    };
  };
  return { start, starts: () => starts, ended: () => ended, killed: () => killed };
}

export const SILENT: PluginPerson = {
  tell: () => {},
  ask: async () => null,
  choose: async () => null,
  waitFor: () => () => {},
};

export function of(behave: Behaviour, person: Partial<PluginPerson> = {}) {
  const { start, starts, ended, killed } = starting(behave);
  return { plugins: new Plugins({ start, person: { ...SILENT, ...person } }), starts, ended, killed };
}

export const KEY = Buffer.alloc(16, 7);
export const stanza = (name: string): Stanza => ({ args: ["x", name], body: Buffer.from(name) });

/** Gives each file the key that its stanza names. */
export const opening: Behaviour = async ({ told, say, write }) => {
  for (const { args, body } of told) {
    if (args[0] === "recipient-stanza")
      await say(["file-key", args[1] ?? ""], Buffer.concat([body, KEY]).subarray(0, 16));
  }
  write("-> done\n\n");
};
