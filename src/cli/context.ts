/** What a command is given instead of globals, so that a whole command can be run in a test. */
import type { CommandContext } from "@stricli/core";
import type { Terminal } from "./terminal/terminal.ts";

export interface Context extends CommandContext {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the person stands, or what `-C` named: an absolute path. */
  readonly directory: string;
  readonly home: string | undefined;
  readonly platform: NodeJS.Platform;
  /** All of stdin; read at most once. */
  readonly readStdin: () => Promise<Uint8Array>;
  readonly now: () => Date;
  /** Sets the code of a run that worked but has something to say (findings). Errors set theirs by being thrown. */
  readonly setExitCode: (code: number) => void;
}
