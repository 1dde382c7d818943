/**
 * Starting other programs: never through a shell, never one that lies in the current directory, with a small
 * environment, and with bounds on time and output.
 */
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { SecretsError } from "../errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment of the program; without it, `minimalEnvironment()`. */
  readonly env?: Environment;
  /** Written to its standard input, which is closed afterwards. */
  readonly input?: Uint8Array;
  /** Milliseconds until it is killed; 60,000 if not given. */
  readonly timeoutMs?: number;
  /** Bytes of standard output after which it is killed; 64 MiB if not given. Standard error is cut at 64 KiB. */
  readonly maxOutput?: number;
}

export interface RunResult {
  /** Exit code, or null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Uint8Array;
  /** As text, for a person; may be cut. */
  readonly stderr: string;
}

export type Run = (argv: readonly string[], options?: RunOptions) => Promise<RunResult>;
/** As `run`, for the places that must not be interrupted: exit handlers and the commit of a transaction. */
export type RunSync = (argv: readonly string[], options?: Omit<RunOptions, "input">) => RunResult;

const TIMEOUT = 60_000;
const MAX_OUTPUT = 64 * 1024 * 1024;
const MAX_STDERR = 64 * 1024;
const KEPT = ["PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK"];

/** What a program needs to find itself and its settings, and nothing that could carry a secret. Messages in English. */
export function minimalEnvironment(env: Environment = process.env): Record<string, string> {
  const kept: Record<string, string> = { LC_ALL: "C" };
  for (const name of KEPT) {
    const value = env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/**
 * Where a program lies. Relative entries of `PATH` (and empty ones, which mean the current directory) are skipped: a
 * repository must not be able to supply the program.
 * @returns undefined when there is none. A name with a slash in it must be absolute.
 */
export function findProgram(name: string, env: Environment = process.env): string | undefined {
  if (name.includes("/")) return isAbsolute(name) && isProgram(name) ? name : undefined;
  for (const directory of (env["PATH"] ?? "").split(":")) {
    if (!isAbsolute(directory)) continue;
    const path = join(directory, name);
    if (isProgram(path)) return path;
  }
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** @throws SecretsError `E_PROGRAM_MISSING`, `E_PROGRAM_TIMEOUT`, `E_PROGRAM_OUTPUT`; an exit code is not an error here. */
export const run: Run = (argv, options = {}) => {
  const { program, name, env } = resolveProgram(argv, options);
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv.slice(1), { cwd: options.cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    const limit = options.maxOutput ?? MAX_OUTPUT;
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let size = 0;
    let errorSize = 0;
    let fault: SecretsError | undefined;
    const stop = (reason: SecretsError) => {
      fault ??= reason;
      child.kill("SIGKILL");
      // A grandchild may hold the pipes open; without this the promise would wait for it.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => stop(timedOut(name)), options.timeoutMs ?? TIMEOUT);
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) stop(tooMuch(name));
      else stdout.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      errorSize += chunk.length;
      if (errorSize <= MAX_STDERR) stderr.push(chunk);
    });
    child.on("error", (cause) => {
      clearTimeout(timer);
      reject(notStarted(name, cause));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (fault !== undefined) reject(fault);
      else resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString("utf8") });
    });
    // A program that does not read all of its input is no fault of ours.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? new Uint8Array());
  });
};

/** @throws as `run`. */
export const runSync: RunSync = (argv, options = {}) => {
  const { program, name, env } = resolveProgram(argv, options);
  const result = spawnSync(program, argv.slice(1), {
    cwd: options.cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.timeoutMs ?? TIMEOUT,
    maxBuffer: options.maxOutput ?? MAX_OUTPUT,
    killSignal: "SIGKILL",
  });
  const code = (result.error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ETIMEDOUT") throw timedOut(name);
  if (code === "ENOBUFS") throw tooMuch(name);
  if (result.error !== undefined) throw notStarted(name, result.error);
  const stderr = result.stderr.subarray(0, MAX_STDERR).toString("utf8");
  return { code: result.status, signal: result.signal, stdout: result.stdout, stderr };
};

function resolveProgram(argv: readonly string[], options: Omit<RunOptions, "input">) {
  const name = argv[0] ?? "";
  const env: Environment = options.env ?? minimalEnvironment();
  const program = findProgram(name, env);
  if (program === undefined) throw notStarted(name, undefined);
  return { program, name, env: env as NodeJS.ProcessEnv };
}

function notStarted(name: string, cause: unknown): SecretsError {
  return new SecretsError("E_PROGRAM_MISSING", `the program ${name} could not be started`, {
    hint: `install ${name} and make sure that it is in an absolute directory of PATH`,
    cause,
  });
}

function timedOut(name: string): SecretsError {
  return new SecretsError("E_PROGRAM_TIMEOUT", `the program ${name} did not end in time and was stopped`);
}

function tooMuch(name: string): SecretsError {
  return new SecretsError("E_PROGRAM_OUTPUT", `the program ${name} printed more than is allowed and was stopped`);
}
