/** One session with a plugin: what both of its machines have in common (C2SP age-plugin spec, "Plugin protocol"). */
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

/** A command of the machine at hand. True: understood, and answered with `ok`. */
type Handle = (command: string, args: readonly string[], body: Uint8Array) => boolean;

export interface Session {
  /** What the plugin is told before it answers anything. */
  readonly commands: readonly Uint8Array[];
  readonly handle: Handle;
  readonly progress: () => PluginProgress;
}

/** Of one session; a plugin that goes on for ever is stopped. */
const MAX_COMMANDS = 100_000;

/** @throws SecretsError `E_AGE_PLUGIN_MISSING`, `E_AGE_PLUGIN` with what the plugin says; of kind `interrupted` if the person stops */
export async function converse(
  { start, person }: PluginPorts,
  name: string,
  machine: PluginMachine,
  session: Session,
): Promise<void> {
  const program = start(name, machine);
  try {
    for (const command of session.commands) await program.write(command);
    await program.write(formatStanza([`grease-${randomBytes(4).toString("hex")}`], randomBytes(8)));
    await program.write(formatStanza(["done"]));
    await answerAll(program, person, name, session);
    await program.end();
  } catch (error) {
    program.kill();
    throw error instanceof SecretsError && error.code === "E_AGE_PLUGIN" ? ofPlugin(name, error) : error;
  }
}

async function answerAll(
  program: PluginProcess,
  person: PluginPerson,
  name: string,
  { handle, progress }: Session,
): Promise<void> {
  const reader = new StanzaReader(program.output);
  for (let count = 0; count < MAX_COMMANDS; count++) {
    const stop = person.waitFor(name);
    const stanza = await reader.next().finally(stop);
    if (stanza === null) throw new SecretsError("E_AGE_PLUGIN", "it ended before it was done");
    const [command = "", ...args] = stanza.args;
    if (command === "done") return;
    const asked = await askPerson(person, name, progress(), command, args, stanza);
    await program.write(asked ?? formatStanza([handle(command, args, stanza.body) ? "ok" : "unsupported"]));
  }
  throw new SecretsError("E_AGE_PLUGIN", "it does not come to an end");
}

/** Undefined for a command that is not meant for the person. */
async function askPerson(
  person: PluginPerson,
  name: string,
  progress: PluginProgress,
  command: string,
  args: readonly string[],
  { body }: Stanza,
): Promise<Uint8Array | undefined> {
  const text = Buffer.from(body).toString("utf8");
  switch (command) {
    case "msg":
      person.tell(name, text, progress);
      return formatStanza(["ok"]);
    case "request-public":
    case "request-secret": {
      const answer = await person.ask(name, text, command === "request-secret");
      return answer === null ? formatStanza(["fail"]) : formatStanza(["ok"], Buffer.from(answer, "utf8"));
    }
    case "confirm": {
      const [yes, no] = args.map((label) => Buffer.from(decodeBase64(label) ?? []).toString("utf8"));
      const chosen = await person.choose(name, text, yes || "yes", no);
      return formatStanza(chosen === null ? ["fail"] : ["ok", chosen ? "yes" : "no"]);
    }
    default:
      return undefined;
  }
}

/** What a plugin says went wrong, as text for a person. */
export function complaint(what: string, body: Uint8Array): SecretsError {
  const text = Buffer.from(body).toString("utf8").trim().slice(0, 500);
  return new SecretsError("E_AGE_PLUGIN", text === "" ? what : `${what}: ${text}`);
}

function ofPlugin(name: string, error: SecretsError): SecretsError {
  if (error.message.startsWith("age-plugin-")) return error;
  return new SecretsError("E_AGE_PLUGIN", `age-plugin-${name}: ${error.message}`, {
    hint: `AGEDEBUG=plugin shows what age-plugin-${name} writes for its developers`,
    cause: error,
  });
}

/** A number as the protocol writes them, below `limit`; undefined for anything else. */
export function indexOf(text: string | undefined, limit: number): number | undefined {
  if (text === undefined || !/^(0|[1-9]\d{0,8})$/.test(text)) return undefined;
  return Number(text) < limit ? Number(text) : undefined;
}
