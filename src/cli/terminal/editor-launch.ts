/** Running the editor on the person's terminal. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { SecretsError } from "../../errors.ts";
import { atEnd, leaveInterruptsToChild } from "../../repo/ending.ts";

export interface EditorExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds it ran. */
  readonly ran: number;
}

/** @throws SecretsError `E_EDITOR_MISSING` when it cannot be started. */
export async function launchEditor(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<EditorExit> {
  const [program = "", ...args] = argv;
  // With stdin or stdout in a pipe (`… | secrets edit`) the screen is still there, under another name.
  const screen = process.stdin.isTTY && process.stdout.isTTY ? undefined : openScreen();
  const giveBack = leaveInterruptsToChild();
  const started = performance.now();
  let forget = () => {};
  try {
    return await new Promise<EditorExit>((resolve, reject) => {
      const child = spawn(program, args, { stdio: [screen ?? "inherit", screen ?? "inherit", "inherit"], env });
      // When we are told to end, the editor's file goes: it must not go on without.
      forget = atEnd(() => child.kill("SIGTERM"));
      child.on("error", (cause) => {
        reject(new SecretsError("E_EDITOR_MISSING", `the editor could not be started: ${program}`, { cause }));
      });
      child.on("exit", (code, signal) => resolve({ code, signal, ran: performance.now() - started }));
    });
  } finally {
    forget();
    giveBack();
    if (screen !== undefined) closeSync(screen);
  }
}

function openScreen(): number | undefined {
  try {
    return openSync("/dev/tty", "r+");
  } catch {
    // No terminal at all: an editor that needs none (a script) works all the same.
    return undefined;
  }
}
