/** Other programs: always an argument list, never a shell, with bounds on time and output. */
import { spawn } from "node:child_process";
import { SecretsError } from "../errors.ts";

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment of the child. Left out: only PATH, HOME and a fixed locale, so that nothing else leaks. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: Uint8Array;
  /** Default 60 s. */
  readonly timeoutMs?: number;
  /** Of stdout, in bytes; default 64 MiB. */
  readonly maxOutput?: number;
}

export interface RunResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  /** The first 64 KiB. */
  readonly stderr: string;
}

const MAX_STDERR = 64 * 1024;

/**
 * @throws SecretsError `E_PROGRAM_MISSING` when there is no such program, `E_PROGRAM_TIMEOUT`, `E_PROGRAM_OUTPUT` when it
 *   prints more than allowed. A non-zero exit is the caller's to judge.
 */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program = "", ...rest] = argv;
  const limit = options.maxOutput ?? 64 * 1024 * 1024;
  const timeoutMs = options.timeoutMs ?? 60_000;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      cwd: options.cwd,
      env: options.env ?? minimalEnvironment(),
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    // Not spawn's own `timeout`: its timer outlives a program that could not be started, and with it our process.
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let size = 0;
    let errorSize = 0;
    child.stdout?.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) child.kill("SIGKILL");
      else stdout.push(chunk);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      if (errorSize < MAX_STDERR) stderr.push(chunk.subarray(0, MAX_STDERR - errorSize));
      errorSize += chunk.length;
    });
    // A program that ends before it has read its input closes the pipe under us; its exit code tells the story.
    child.stdin?.on("error", () => {});
    if (options.input !== undefined) child.stdin?.end(options.input);
    child.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(cannotStart(program, error));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (size > limit) {
        reject(new SecretsError("E_PROGRAM_OUTPUT", `${program} printed more than ${limit} bytes`));
      } else if (timedOut) {
        reject(new SecretsError("E_PROGRAM_TIMEOUT", `${program} did not end within ${timeoutMs / 1000} s`));
      } else {
        resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString("utf8") });
      }
    });
  });
}

function minimalEnvironment(): Record<string, string | undefined> {
  return { PATH: process.env["PATH"], HOME: process.env["HOME"], LC_ALL: "C" };
}

function cannotStart(program: string, error: NodeJS.ErrnoException): SecretsError {
  if (error.code === "ENOENT") {
    return new SecretsError("E_PROGRAM_MISSING", `the program ${program} is not installed, or not on PATH`, {
      hint: `install ${program}; secrets doctor shows what was found`,
    });
  }
  return new SecretsError("E_PROGRAM_START", `${program} could not be started`, { cause: error });
}
