/** A program that is talked with: it reads what it is told, and answers, until it is done. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import type { Readable, Writable } from "node:stream";
import { SecretsError } from "../errors.ts";
import { atEnd } from "./ending.ts";

export interface Talk {
  /** Its standard output. @throws SecretsError `E_PROGRAM_MISSING` if it could not be started */
  readonly output: AsyncIterable<Uint8Array>;
  /** To its standard input; what a program that has ended does not take is dropped. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes its input and waits for it, or ends it after a while. */
  end(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

export interface TalkOptions {
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the person sees what it writes to standard error; by default nobody does. */
  readonly verbose?: boolean;
}

/** Milliseconds after which a program whose input is closed is asked to end, and then ended. */
const PATIENCE = 1000;
const GRACE = 3000;

/**
 * Starts it in the folder for temporary files: nothing of a repository is to lie where a program starts.
 * @param program an absolute path
 */
export function startTalk(program: string, args: readonly string[], { env, verbose = false }: TalkOptions): Talk {
  const child = spawn(program, args, {
    cwd: tmpdir(),
    env: { ...env },
    stdio: ["pipe", "pipe", verbose ? "inherit" : "ignore"],
  }) as ChildProcessByStdio<Writable, Readable, null>;
  const kill = () => void child.kill("SIGKILL");
  const takeBack = atEnd(kill);
  let fault: SecretsError | undefined;
  const ended = new Promise<void>((resolve) => {
    child.on("error", (cause) => {
      fault = notStarted(program, cause);
      child.stdout.destroy();
      resolve();
    });
    child.on("exit", () => {
      // An agent that it left behind may hold the pipe open for ever.
      setTimeout(() => child.stdout.destroy(), PATIENCE).unref();
      resolve();
    });
  }).finally(takeBack);
  child.stdin.on("error", () => {});
  return {
    output: outputOf(child.stdout, () => fault),
    write: (bytes) =>
      new Promise((resolve) => {
        child.stdin.write(bytes, () => resolve());
      }),
    end: async () => {
      child.stdin.end();
      const ask = setTimeout(() => child.kill("SIGINT"), PATIENCE);
      const insist = setTimeout(kill, GRACE);
      await ended;
      clearTimeout(ask);
      clearTimeout(insist);
      child.stdout.destroy();
    },
    kill: () => {
      kill();
      child.stdout.destroy();
    },
  };
}

/** What is cut off ends; only a program that never ran is a fault. */
async function* outputOf(stdout: Readable, faultOf: () => SecretsError | undefined): AsyncGenerator<Uint8Array> {
  try {
    yield* stdout as AsyncIterable<Uint8Array>;
  } catch {
    // Destroyed before its end.
  }
  const fault = faultOf();
  if (fault !== undefined) throw fault;
}

function notStarted(program: string, cause: unknown): SecretsError {
  return new SecretsError("E_PROGRAM_MISSING", `${program} could not be started`, {
    hint: "if it is a script, the interpreter in its first line may be missing",
    cause,
  });
}
