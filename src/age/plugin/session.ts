/** One session with a plugin: what both of its machines have in common (C2SP age-plugin spec, "State machines"). */
import { randomBytes } from "node:crypto";
import { SecretsError } from "../../errors.ts";
import { decodeBase64 } from "../base64.ts";
import type { Stanza } from "../header.ts";
import type { PluginMachine, PluginPerson, PluginProcess, PluginProgress, StartPlugin } from "./ports.ts";
import { formatStanza, StanzaReader } from "./stanza-stream.ts";

export interface PluginPorts {
  readonly start: StartPlugin;
  readonly person: PluginPerson;
}

export interface Session {
  /** What the plugin is told before it answers anything. */
  readonly commands: readonly Uint8Array[];
  /** A command of the machine at hand. True: understood, and answered with `ok`. */
  readonly handle: (command: string, args: readonly string[], body: Uint8Array) => boolean;
  readonly progress: () => PluginProgress;
}

/** Of one session; a plugin that goes on for ever is stopped. */
const MAX_COMMANDS = 100_000;
/** Of what a plugin says in one go: a screen is not for more. */
const MAX_TEXT = 2000;

/**
 * @returns what the plugin complained about, if it did: it decides by itself whether it goes on after that
 * @throws SecretsError `E_AGE_PLUGIN_MISSING`; `E_AGE_PLUGIN` if it breaks off, or breaks the protocol; of kind
 *   `interrupted` if the person stops
 */
export async function converse(
  { start, person }: PluginPorts,
  name: string,
  machine: PluginMachine,
  session: Session,
): Promise<SecretsError | undefined> {
  const program = start(name, machine);
  const talk = new Conversation(program, person, name, session);
  try {
    talk.begin();
    await talk.answerAll();
    await program.end();
    return talk.complaint === undefined ? undefined : talk.told(talk.complaint);
  } catch (error) {
    program.kill();
    if (!(error instanceof SecretsError) || error.kind === "interrupted") throw error;
    throw talk.told(error);
  }
}

class Conversation {
  complaint: SecretsError | undefined;
  readonly #program: PluginProcess;
  readonly #person: PluginPerson;
  readonly #name: string;
  readonly #session: Session;
  /** What would have been asked, had there been somebody to ask. */
  readonly #unasked: string[] = [];

  constructor(program: PluginProcess, person: PluginPerson, name: string, session: Session) {
    this.#program = program;
    this.#person = person;
    this.#name = name;
    this.#session = session;
  }

  /** Not waited for: a plugin that reads nothing is one that answers nothing, and is waited for there. */
  begin(): void {
    const grease = formatStanza([`grease-${randomBytes(4).toString("hex")}`, "x"], randomBytes(8));
    const bytes = Buffer.concat([grease, ...this.#session.commands, formatStanza(["done"])]);
    // There may be file keys in it.
    for (const command of this.#session.commands) command.fill(0);
    void this.#program.write(bytes).then(() => bytes.fill(0));
  }

  async answerAll(): Promise<void> {
    const reader = new StanzaReader(this.#program.output);
    for (let count = 0; count < MAX_COMMANDS; count++) {
      const stop = this.#person.waitFor(this.#name);
      const stanza = await reader.next().finally(stop);
      // Plugins that have complained may end without another word (those in Go do).
      if (stanza === null && this.complaint !== undefined) return;
      if (stanza === null) throw new SecretsError("E_AGE_PLUGIN", "it ended before it was done");
      if (stanza.args[0] === "done") return;
      // Not waited for either: what it does not read must not keep us from what it says.
      void this.#program.write(await this.#answer(stanza));
    }
    throw new SecretsError("E_AGE_PLUGIN", "it does not come to an end");
  }

  async #answer({ args: [command = "", ...args], body }: Stanza): Promise<Uint8Array> {
    const person = this.#person;
    switch (command) {
      case "msg":
        person.tell(this.#name, textOf(body), this.#session.progress());
        return formatStanza(["ok"]);
      case "request-public":
      case "request-secret": {
        const answer = await person.ask(this.#name, textOf(body), command === "request-secret");
        return answer === null ? this.#fail(body) : formatStanza(["ok"], Buffer.from(answer, "utf8"));
      }
      case "confirm": {
        const [yes, no] = args.map(labelOf);
        if (yes === undefined || args.length > 2) throw new SecretsError("E_AGE_PLUGIN", "it asks for no yes and no");
        const chosen = await person.choose(this.#name, textOf(body), yes, no);
        return chosen === null ? this.#fail(body) : formatStanza(["ok", chosen ? "yes" : "no"]);
      }
    }
    if (this.#session.handle(command, args, body)) return formatStanza(["ok"]);
    if (command !== "error") return formatStanza(["unsupported"]);
    this.complaint ??= complaintOf(args[0], body);
    return formatStanza(["ok"]);
  }

  #fail(body: Uint8Array): Uint8Array {
    this.#unasked.push(textOf(body));
    return formatStanza(["fail"]);
  }

  /** The same fault in words for a person: which program, and what it wanted to know. */
  told(fault: SecretsError): SecretsError {
    const questions = this.#unasked
      .slice(0, 3)
      .map((text) => `it asks "${text}", and there is no terminal to answer on`);
    const debug = fault.hint ?? `AGEDEBUG=plugin shows what age-plugin-${this.#name} writes for its developers`;
    return new SecretsError("E_AGE_PLUGIN", `age-plugin-${this.#name}: ${fault.message}`, {
      kind: "identity",
      hint: questions.length > 0 ? questions.join("\n") : debug,
      cause: fault,
    });
  }
}

/** What a plugin says went wrong, as text for a person. */
export function complaintOf(subject: string | undefined, body: Uint8Array): SecretsError {
  const text = textOf(body).slice(0, 500);
  const what = subject === "recipient" || subject === "identity" ? `this ${subject} cannot be used` : "it failed";
  return new SecretsError("E_AGE_PLUGIN", text === "" ? what : `${what}: ${text}`);
}

function textOf(body: Uint8Array): string {
  return Buffer.from(body).toString("utf8").trim().slice(0, MAX_TEXT);
}

function labelOf(argument: string): string {
  const label = decodeBase64(argument);
  if (label === null) throw new SecretsError("E_AGE_PLUGIN", "it asks for no yes and no");
  return textOf(label);
}

/** A number as the protocol writes them, below `limit`; undefined for anything else. */
export function indexOf(text: string | undefined, limit: number): number | undefined {
  if (text === undefined || !/^(0|[1-9]\d{0,8})$/.test(text)) return undefined;
  return Number(text) < limit ? Number(text) : undefined;
}
