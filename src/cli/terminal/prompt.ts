/**
 * Questions to the person. Each is gated on `terminal.interactive` by its caller's flag name, because a prompt library
 * on a closed stdin may wait for ever or settle on nothing; the library is loaded only when a question is really asked.
 */
import { openSync } from "node:fs";
import { ReadStream } from "node:tty";
import { SecretsError } from "../../errors.ts";
import { escapeText } from "./escape.ts";
import { cannotAsk, type Terminal } from "./terminal.ts";

interface Asking {
  readonly terminal: Terminal;
  /** The flag that would have answered; named in the error when nobody can be asked. */
  readonly flag: string;
}

/** Yes or no; the default is no. */
export async function askYesNo(question: string, asking: Asking): Promise<boolean> {
  if (!asking.terminal.interactive) throw cannotAsk(question, asking.flag);
  const { default: confirm } = await import("@inquirer/confirm");
  return settle(confirm({ message: escapeText(question), default: false }, { output: process.stderr }));
}

/** A value that is not shown while it is typed. One line, without its line break. */
export async function askHidden(question: string, asking: Asking): Promise<string> {
  if (!asking.terminal.interactive) throw cannotAsk(question, asking.flag);
  const { default: password } = await import("@inquirer/password");
  return settle(password({ message: escapeText(question), mask: false }, { output: process.stderr }));
}

/** One line that is seen while it is typed. @throws SecretsError `E_INTERRUPTED` at the end of input */
export async function askLine(question: string, asking: Asking): Promise<string> {
  if (!asking.terminal.interactive) throw cannotAsk(question, asking.flag);
  return inTurn(() => askVisible(escapeText(question), process.stdin));
}

/** Lines until Ctrl-D, without the last line break; null when there was none. */
export async function askLines(question: string, hidden: boolean, asking: Asking): Promise<string | null> {
  if (!asking.terminal.interactive) throw cannotAsk(question, asking.flag);
  process.stderr.write(`${escapeText(question)}\n`);
  return inTurn(() => readLines(hidden));
}

async function readLines(hidden: boolean): Promise<string | null> {
  const { createInterface } = await import("node:readline");
  const { Writable } = await import("node:stream");
  // The line editor itself echoes what is typed: what it is not given it cannot show.
  const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr;
  const lines: string[] = [];
  const reader = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  try {
    return await new Promise((resolve, reject) => {
      reader.on("line", (line) => lines.push(line));
      reader.on("SIGINT", () => reject(stopped()));
      reader.on("close", () => resolve(lines.length === 0 ? null : lines.join("\n")));
    });
  } finally {
    reader.close();
  }
}

/**
 * The passphrase of a key, or null when nobody can be asked or the person just pressed Enter. stdin may be a pipe that
 * carries a value: then the question goes to the person's terminal itself.
 */
export async function askPassphrase(what: string, terminal: Terminal): Promise<string | null> {
  const answer = await askOnTerminal(`Passphrase for ${what}`, true, terminal);
  return answer === "" ? null : answer;
}

/** One line, also while stdin is a pipe; null when nobody can be asked. */
export function askOnTerminal(question: string, hidden: boolean, terminal: Terminal): Promise<string | null> {
  if (!terminal.reachable) return Promise.resolve(null);
  return inTurn(() => askNow(question, hidden, terminal));
}

/**
 * Documents are opened side by side: a plugin may want its PIN while another one's key wants its passphrase. After
 * Ctrl-C at one question no other follows.
 */
let last: Promise<unknown> = Promise.resolve();
function inTurn<T>(ask: () => Promise<T>): Promise<T> {
  const answer = last.then(ask);
  last = answer;
  return answer;
}

async function askNow(question: string, hidden: boolean, terminal: Terminal): Promise<string | null> {
  const input = terminal.interactive ? undefined : openTty();
  if (input === null) return null;
  const streams = { output: process.stderr, ...(input === undefined ? {} : { input }) };
  const message = escapeText(question);
  try {
    if (hidden) {
      const { default: password } = await import("@inquirer/password");
      return await settle(password({ message, mask: false }, streams));
    }
    return await settle(askVisible(message, input ?? process.stdin));
  } finally {
    input?.destroy();
  }
}

async function askVisible(message: string, input: NodeJS.ReadableStream): Promise<string> {
  const { createInterface } = await import("node:readline");
  const lines = createInterface({ input, output: process.stderr });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.on("SIGINT", () => reject(stopped()));
      // End of input answers nothing.
      lines.on("close", () => reject(stopped()));
      lines.question(`${message} `, resolve);
    });
  } finally {
    lines.close();
  }
}

function openTty(): ReadStream | null {
  try {
    return new ReadStream(openSync("/dev/tty", "r"));
  } catch {
    // No controlling terminal: a service, a container, a cron job.
    return null;
  }
}

export interface Choice<Value> {
  readonly value: Value;
  /** What is matched and shown. */
  readonly name: string;
  /** Shown below the list while this choice is the active one. */
  readonly description?: string;
}

/** Pick one of many by typing parts of its name. */
export async function askChoice<Value>(
  question: string,
  find: (term: string) => readonly Choice<Value>[],
  asking: Asking,
): Promise<Value> {
  if (!asking.terminal.interactive) throw cannotAsk(question, asking.flag);
  const { default: search } = await import("@inquirer/search");
  const source = (term: string | undefined) =>
    find(term ?? "").map((choice) => ({
      value: choice.value,
      name: escapeText(choice.name),
      short: escapeText(choice.name),
      ...(choice.description === undefined ? {} : { description: escapeText(choice.description) }),
    }));
  return settle(search<Value>({ message: escapeText(question), source, pageSize: 12 }, { output: process.stderr }));
}

/** Ctrl-C and a closed stdin reach us as an exception of the prompt library; to the house they are an interruption. */
async function settle<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError") {
      throw stopped();
    }
    throw error;
  }
}

function stopped(): SecretsError {
  return new SecretsError("E_INTERRUPTED", "stopped; nothing was changed", { kind: "interrupted" });
}
