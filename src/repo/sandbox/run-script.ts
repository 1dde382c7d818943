/** Runs one script of a service where it can do no harm: its inputs come in, its declared outputs come out, no more. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SecretsError } from "../../errors.ts";
import { type Environment, findProgram, run } from "../program.ts";
import { openScratch } from "../scratch.ts";
import { bwrapArguments } from "./bwrap.ts";
import { collectOutputs } from "./collect-outputs.ts";
import { openMask } from "./mask-values.ts";
import { programLinks } from "./program-links.ts";
import { INSIDE, type Room, scriptEnvironment } from "./room.ts";
import { sandboxProfile } from "./seatbelt.ts";

export interface ScriptJob {
  /** `vars/web01/tls`, for errors. */
  readonly name: string;
  /** Bash text, or a script in the Nix store. */
  readonly script: { readonly text: string } | { readonly path: string };
  /** Programs that the script finds on its PATH beside bash and coreutils. */
  readonly programs: readonly string[];
  /** By `<dependency>/<file>`: what lies in `$in`. */
  readonly inputs: ReadonlyMap<string, Uint8Array>;
  /** What lies in `$prompts`. */
  readonly prompts: ReadonlyMap<string, Uint8Array>;
  /** What has to lie in `$out` afterwards, and nothing else. */
  readonly outputs: readonly string[];
}

export interface SandboxOptions {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** The person accepts plain text on a disk where there is no memory-backed place. */
  readonly allowDisk?: boolean;
  /** The person accepts that the script can do what they can. */
  readonly unsandboxed?: boolean;
  /** 120,000 if not given. */
  readonly timeoutMs?: number;
  /** Bytes of all outputs together; 16 MiB if not given. */
  readonly maxOutput?: number;
}

const TIMEOUT = 120_000;
const MAX_OUTPUT = 16 * 1024 * 1024;
/** A mistake has room to print; what is more is cut. */
const MAX_PRINTED = 1024 * 1024;
const SHOWN_LINES = 20;
const SEATBELT = "/usr/bin/sandbox-exec";

/**
 * @throws SecretsError `E_NO_SANDBOX`, `E_SCRIPT` with what it printed (values masked), `E_SCRIPT_TIME`,
 *   `E_SCRIPT_OUTPUT`, `E_PROGRAM_MISSING`, and what making scratch space throws
 */
export async function runScript(job: ScriptJob, options: SandboxOptions): Promise<ReadonlyMap<string, Uint8Array>> {
  const { env, platform, allowDisk = false, maxOutput = MAX_OUTPUT } = options;
  refuseOddNames(job);
  const links = programLinks(job, env);
  const bash = findProgram("bash", env);
  if (bash === undefined) throw new SecretsError("E_PROGRAM_MISSING", "the program bash could not be found");
  const scratch = openScratch({ env, allowDisk });
  try {
    const room = layOut(scratch.directory, job, links);
    const argv = commandFor(job, options, room, bash);
    const result = await start(job, options, argv, room, maxOutput);
    if (result.code !== 0) throw failed(job, result, platform, room);
    return collectOutputs(job, room.out, maxOutput);
  } finally {
    scratch.remove();
  }
}

function layOut(base: string, job: ScriptJob, links: ReadonlyMap<string, string>): Room {
  const room = {
    in: join(base, "in"),
    out: join(base, "out"),
    prompts: join(base, "prompts"),
    bin: join(base, "bin"),
    script: join(base, "script"),
  };
  for (const folder of [room.in, room.out, room.prompts, room.bin]) mkdirSync(folder, { mode: 0o700 });
  for (const [name, bytes] of job.inputs) put(room.in, name, bytes);
  for (const [name, bytes] of job.prompts) put(room.prompts, name, bytes);
  for (const [name, target] of links) symlinkSync(target, join(room.bin, name));
  writeFileSync(room.script, "text" in job.script ? `set -euo pipefail\n${job.script.text}\n` : "", { mode: 0o600 });
  return room;
}

function put(folder: string, name: string, bytes: Uint8Array): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, bytes, { flag: "wx", mode: 0o600 });
}

function commandFor(job: ScriptJob, options: SandboxOptions, room: Room, bash: string): readonly string[] {
  const { env, platform, unsandboxed = false } = options;
  const script = (path: string) => ("path" in job.script ? [bash, "-c", job.script.path] : [bash, path]);
  if (unsandboxed) {
    // It makes a group of processes of its own and ends all of it; a sandbox ends with its first process.
    const timeout = findProgram("timeout", env);
    const seconds = String((options.timeoutMs ?? TIMEOUT) / 1000 + 1);
    return [...(timeout === undefined ? [] : [timeout, "--signal=KILL", seconds]), ...script(room.script)];
  }
  if (platform === "darwin") return [SEATBELT, "-p", sandboxProfile(dirname(room.out)), ...script(room.script)];
  const bwrap = findProgram("bwrap", env);
  if (bwrap === undefined) throw noSandbox("the program bwrap is not here");
  return [bwrap, ...bwrapArguments(room, job.prompts.size > 0), ...script(INSIDE.script)];
}

async function start(job: ScriptJob, options: SandboxOptions, argv: readonly string[], room: Room, maxOutput: number) {
  const { platform, unsandboxed = false, timeoutMs = TIMEOUT } = options;
  const inside = !unsandboxed && platform !== "darwin";
  const [shown, temporary] = inside ? [INSIDE, "/tmp"] : [room, dirname(room.bin)];
  const env = scriptEnvironment(shown, temporary, job.prompts.size > 0);
  try {
    return await run(["/bin/sh", "-c", LIMITED, "sh", String(Math.ceil(maxOutput / 512)), ...argv], {
      cwd: room.out,
      env: { ...env },
      timeoutMs,
      maxOutput: MAX_PRINTED,
    });
  } catch (error) {
    if (error instanceof SecretsError && error.code === "E_PROGRAM_TIMEOUT") {
      throw new SecretsError(
        "E_SCRIPT_TIME",
        `the script of ${job.name} did not end within ${timeoutMs / 1000} seconds`,
      );
    }
    if (error instanceof SecretsError && error.code === "E_PROGRAM_OUTPUT") {
      throw new SecretsError("E_SCRIPT", `the script of ${job.name} printed far too much and was stopped`, {
        hint: "what it makes belongs into files in $out",
      });
    }
    throw error;
  }
}

/** A file that grows beyond all measure would take the memory that it lies in. POSIX counts blocks of 512 bytes. */
const LIMITED = 'ulimit -f "$1"; shift; exec "$@"';

function failed(
  job: ScriptJob,
  { code, signal, stderr }: { code: number | null; signal: string | null; stderr: string },
  platform: NodeJS.Platform,
  room: Room,
): SecretsError {
  const mask = openMask(job, room.out);
  const text = mask?.(stderr);
  // A script may print that as well: what stands there is masked like all else.
  if (platform === "linux" && stderr.startsWith("bwrap: ") && text !== undefined) {
    return noSandbox(text.split("\n", 1)[0] ?? "");
  }
  const end = signal === null ? `exit code ${code}` : `signal ${signal}`;
  return new SecretsError("E_SCRIPT", `the script of ${job.name} failed (${end}); nothing was changed`, {
    hint: quoted(text),
  });
}

/** @param text masked; undefined where that could not be done */
function quoted(text: string | undefined): string {
  if (text === undefined) return "what it printed is not shown: it made too much to look through it for values";
  const lines = text.trimEnd().split("\n").slice(-SHOWN_LINES);
  return lines.join("") === "" ? "it printed nothing" : ["it printed:", ...lines].join("\n");
}

function noSandbox(why: string): SecretsError {
  return new SecretsError("E_NO_SANDBOX", `there is no sandbox to run scripts in: ${why}`, {
    hint: "install bubblewrap (NixOS: environment.systemPackages = [ pkgs.bubblewrap ]; Debian: apt install bubblewrap)\nor run this once without, if you trust every script: --no-sandbox",
  });
}

/** Names come checked; a script's folder is no place to find out that one was not. */
function refuseOddNames({ name, inputs, prompts, outputs }: ScriptJob): void {
  for (const path of [...inputs.keys(), ...prompts.keys(), ...outputs]) {
    const odd = path.split("/").some((part) => part === "" || part === "." || part === "..");
    if (odd || path.includes("\0")) throw new SecretsError("E_SCRIPT", `${name} names a file that is no file's name`);
  }
}
