/**
 * The terminal as commands see it: where answers go, where everything else goes, and whether a question may be asked.
 *
 * Three rules of the interface: the answer goes to stdout, everything else to stderr; nothing from a repository is
 * printed unescaped; a question is asked only of a person who can see it and answer it.
 */
import { SecretsError } from "../../errors.ts";
import { render, type Styled } from "./styled.ts";

/** The part of a Node stream that is used here, so that a test can pass an array-backed one. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
}

export interface Terminal {
  /** Width to lay out for, or undefined when stdout is not a terminal and nothing should be cut. */
  readonly columns: number | undefined;
  /** True when stdout is a person's screen rather than a pipe or a file. */
  readonly stdoutIsScreen: boolean;
  /** Whether a question may be asked at all: stdin and stderr are terminals, no `--no-input`, not in CI. */
  readonly interactive: boolean;
  /** Whether a person looks at stderr and may be asked on their terminal even though stdin is a pipe (passphrases). */
  readonly reachable: boolean;
  readonly colour: { readonly stdout: boolean; readonly stderr: boolean };
  /** One line of the answer, to stdout. */
  print(line: Styled): void;
  /** One line about the answer, to stderr. */
  note(line: Styled): void;
  /** Puts a line of progress on stderr in place of the last one; the empty text takes it away. Only for a screen. */
  replaceLine(line: string): void;
  /** The answer as data: exactly these bytes to stdout, after which the promise resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** One JSON document to stdout. */
  json(value: unknown): void;
}

export interface TerminalSettings {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdinIsTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly color: "auto" | "always" | "never";
  readonly noInput: boolean;
}

export function openTerminal(settings: TerminalSettings): Terminal {
  const { stdout, stderr, env } = settings;
  const colour = { stdout: wantsColour(settings, stdout), stderr: wantsColour(settings, stderr) };
  const screen = stdout.isTTY === true;
  const reachable = stderr.isTTY === true && !settings.noInput && !isSet(env["CI"]);
  return {
    columns: screen ? (stdout.columns ?? 80) : undefined,
    stdoutIsScreen: screen,
    interactive: settings.stdinIsTerminal && reachable,
    reachable,
    colour,
    print: (line) => void stdout.write(`${render(line, colour.stdout)}\n`),
    note: (line) => void stderr.write(`${render(line, colour.stderr)}\n`),
    replaceLine: (line) => void stderr.write(`\r\u001b[K${render(line, false)}`),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    json: (value) => void stdout.write(`${JSON.stringify(value, undefined, 2)}\n`),
  };
}

/** `--color` > `FORCE_COLOR`/`CLICOLOR_FORCE` > `NO_COLOR` > `TERM=dumb` > whether *that* stream is a terminal. */
function wantsColour(settings: TerminalSettings, stream: OutputStream): boolean {
  if (settings.color !== "auto") return settings.color === "always";
  const { env } = settings;
  if (isSet(env["FORCE_COLOR"]) || isSet(env["CLICOLOR_FORCE"])) return true;
  if ((env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return false;
  return stream.isTTY === true;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}

/**
 * The error for a question that cannot be asked here.
 * @param flag what would have answered it, for example `--yes`
 */
export function cannotAsk(question: string, flag: string): SecretsError {
  return new SecretsError("E_NO_TERMINAL", `cannot ask "${question}" without a terminal`, {
    kind: "usage",
    hint: `answer it on the command line with ${flag}`,
  });
}
