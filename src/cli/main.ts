#!/usr/bin/env node
/** The door: the only file that knows the process. Arguments in, exit code out. */
import { homedir } from "node:os";
import { resolve } from "node:path";
import { isatty } from "node:tty";
import { ExitCode, run } from "@stricli/core";
import { SecretsError } from "../errors.ts";
import { application } from "./application.ts";
import type { Context } from "./context.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { takeGlobalOptions } from "./global-options.ts";
import { errorLines } from "./report/error.ts";
import { render } from "./terminal/styled.ts";
import { openTerminal } from "./terminal/terminal.ts";

// A reader that closes its end (`secrets ls | head`) has all it wants: that is no error, and no reason for a trace.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.done);
  process.exit(EXIT.failed);
});

// Not awaited at the top: the program is shipped as one CommonJS file, which starts faster and has no top-level await.
void main();

async function main(): Promise<void> {
  try {
    const options = takeGlobalOptions(process.argv.slice(2));
    const terminal = openTerminal({
      stdout: process.stdout,
      stderr: process.stderr,
      // Asked of the descriptor: to touch `process.stdin` opens a stream, which most commands never read.
      stdinIsTerminal: isatty(0),
      env: process.env,
      color: options.color,
      noInput: options.noInput,
    });
    let stdin: Promise<Uint8Array> | undefined;
    let exitCode: number = EXIT.done;
    const streamFor = (stream: NodeJS.WriteStream, colour: boolean) => ({
      write: (text: string) => void stream.write(text),
      getColorDepth: () => (colour ? 8 : 1),
    });
    const shown = {
      stdout: streamFor(process.stdout, terminal.colour.stdout),
      stderr: streamFor(process.stderr, false),
      // Our own colour decision is the one that counts; the library's environment variables stay out of it.
      env: {},
      exitCode: null as number | string | null,
    };
    const context: Context & { process: typeof shown } = {
      process: shown,
      terminal,
      env: process.env,
      directory: placeOf(options.directory),
      home: process.env["HOME"] || homedir(),
      platform: process.platform,
      readStdin: () => (stdin ??= readAll(process.stdin)),
      now: () => new Date(),
      setExitCode: (code) => {
        exitCode = code;
      },
    };
    await run(application(terminal.colour.stderr), options.rest.length === 0 ? ["status"] : options.rest, context);
    const ended = Number(shown.exitCode ?? 0);
    process.exitCode = ended === 0 ? exitCode : ended < 0 ? ofParser(ended) : ended;
  } catch (error) {
    for (const line of errorLines(error)) process.stderr.write(`${render(line, false)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

/** @throws SecretsError `E_NO_FLEET` when the directory that the person stands in was removed. */
function placeOf(directory: string | undefined): string {
  try {
    return resolve(directory ?? ".");
  } catch (cause) {
    throw new SecretsError("E_NO_FLEET", "the directory you are in does not exist any more", {
      hint: "cd to your fleet, or name it with -C DIR",
      cause,
    });
  }
}

/** The command parser's own codes, which are negative, in the words of our table. */
function ofParser(code: number): number {
  return code === ExitCode.UnknownCommand || code === ExitCode.InvalidArgument ? EXIT.usage : EXIT.failed;
}

async function readAll(stream: NodeJS.ReadStream): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)));
  return Buffer.concat(chunks);
}
