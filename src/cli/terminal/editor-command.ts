/** Which editor a person means. The words are split as a shell would split them; no shell ever sees them. */
import { realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { splitShellWords } from "../../age/shell-words.ts";
import { SecretsError } from "../../errors.ts";
import { findProgram } from "../../repo/program.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface EditorCommand {
  /** Absolute. */
  readonly program: string;
  /** The name of the program behind all links: `vi` may be `vim.basic`. Decides which options it is given. */
  readonly resolved: string;
  /** The words that follow in the variable. */
  readonly args: readonly string[];
  /** The variable that named it, or `default`. */
  readonly source: string;
}

/** sops and clan look at `SOPS_EDITOR` and `EDITOR`; git and POSIX look at `VISUAL` first. */
const VARIABLES = ["SECRETS_EDITOR", "SOPS_EDITOR", "VISUAL", "EDITOR"];
const DEFAULTS = ["nvim", "vim", "nano", "vi"];

/**
 * @throws SecretsError `E_EDITOR_COMMAND` for a variable that is no command line, `E_EDITOR_MISSING` when its program,
 *   or without a variable every usual editor, is not there.
 */
export function findEditor(env: Environment): EditorCommand {
  for (const source of VARIABLES) {
    const line = env[source];
    // VISUAL is for editors that need a screen; a dumb terminal has none.
    if (line === undefined || line.trim() === "" || (source === "VISUAL" && env["TERM"] === "dumb")) continue;
    return fromLine(source, line, env);
  }
  for (const name of DEFAULTS) {
    const program = findProgram(name, env);
    if (program !== undefined) return { program, resolved: resolve(program), args: [], source: "default" };
  }
  throw missing("no editor was found", "set EDITOR to the one you use, for example: export EDITOR=nano");
}

function fromLine(source: string, line: string, env: Environment): EditorCommand {
  const [word, ...args] = splitShellWords(line) ?? [];
  if (word === undefined) {
    throw new SecretsError("E_EDITOR_COMMAND", `${source} is no complete command line`, {
      kind: "usage",
      hint: `set ${source} to a program and its options, with quotes closed`,
    });
  }
  const home = env["HOME"];
  const name = word.startsWith("~/") && home !== undefined ? join(home, word.slice(2)) : word;
  const program = findProgram(name, env);
  if (program === undefined) {
    throw missing(`the editor that ${source} names was not found: ${word}`, `install it, or set ${source} to another`);
  }
  return { program, resolved: resolve(program), args, source };
}

function resolve(program: string): string {
  try {
    return basename(realpathSync(program));
  } catch {
    return basename(program);
  }
}

function missing(message: string, hint: string): SecretsError {
  return new SecretsError("E_EDITOR_MISSING", message, { hint });
}
