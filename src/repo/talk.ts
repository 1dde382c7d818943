/** A program that is talked with: it reads what it is told, and answers, until it is done. */
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { atEnd } from "./ending.ts";

export interface Talk {
  /** Its standard output. */
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

/** Milliseconds that a program has for putting its things away once its input is closed. */
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
  });
  const kill = () => void child.kill("SIGKILL");
  const takeBack = atEnd(kill);
  const ended = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    child.on("close", () => resolve());
  }).finally(takeBack);
  child.stdin.on("error", () => {});
  return {
    output: child.stdout,
    write: (bytes) =>
      new Promise((resolve) => {
        child.stdin.write(bytes, () => resolve());
      }),
    end: async () => {
      child.stdin.end();
      const timer = setTimeout(kill, GRACE);
      await ended;
      clearTimeout(timer);
    },
    kill,
  };
}
