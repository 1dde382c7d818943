/**
 * Options that mean the same for every command and may stand anywhere before `--`: `-C DIR`, `--color WHEN`,
 * `--no-input`. They are taken out of the arguments before a command is looked for.
 */
import { SecretsError } from "../errors.ts";

export interface GlobalOptions {
  readonly directory: string | undefined;
  readonly color: "auto" | "always" | "never";
  readonly noInput: boolean;
  /** What is left for the command. */
  readonly rest: readonly string[];
}

/** @throws SecretsError E_USAGE for an option without its value or with one that is not known. */
export function takeGlobalOptions(argv: readonly string[]): GlobalOptions {
  let directory: string | undefined;
  let color: GlobalOptions["color"] = "auto";
  let noInput = false;
  const rest: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--") {
      rest.push(...argv.slice(index));
      break;
    }
    const value = (): string => {
      const next = argv[++index];
      if (next === undefined) throw new SecretsError("E_USAGE", `${argument} needs a value`, { kind: "usage" });
      return next;
    };
    if (argument === "-C") directory = value();
    else if (argument === "--color") color = parseColor(value());
    else if (argument.startsWith("--color=")) color = parseColor(argument.slice("--color=".length));
    else if (argument === "--no-input") noInput = true;
    else rest.push(argument);
  }
  return { directory, color, noInput, rest };
}

function parseColor(value: string): GlobalOptions["color"] {
  if (value === "auto" || value === "always" || value === "never") return value;
  throw new SecretsError("E_USAGE", "--color takes auto, always or never", { kind: "usage" });
}
