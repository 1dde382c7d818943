/** What a person names as the source of a key: a file, or stdin. Read whole, within bounds, and never waited for. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { inHome } from "../age/own-key-place.ts";
import { SecretsError } from "../errors.ts";
import { toFault } from "../repo/fault.ts";
import type { Context } from "./context.ts";

const MAX_BYTES = 1024 * 1024;

export interface KeyInput {
  /** As it was typed, for messages. */
  readonly name: string;
  /** Where it is, for the comment that says where a key is from. */
  readonly origin: string;
  /** Without a byte order mark, which some editors put in front. */
  readonly bytes: Buffer;
}

/** @param file `-` is stdin. @throws SecretsError `E_KEY_FILE`, and `E_NOT_FOUND` and the like for what cannot be read */
export async function readKeyInput(context: Context, file: string): Promise<KeyInput> {
  if (file === "-") {
    if (context.terminal.interactive) context.terminal.note("reading a key from the terminal; end with Ctrl-D");
    return { name: "stdin", origin: "stdin", bytes: checked("stdin", Buffer.from(await context.readStdin())) };
  }
  const path = resolve(context.directory, file);
  return { name: file, origin: inHome(path, context.home), bytes: checked(file, await readBounded(path, file)) };
}

async function readBounded(path: string, file: string): Promise<Buffer> {
  // What a shell makes of <(command) is a pipe that somebody writes to; for any other one we might wait for ever.
  const fed = /^\/(dev\/(fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/.test(path);
  try {
    const handle = await open(path, constants.O_RDONLY | (fed ? 0 : constants.O_NONBLOCK));
    try {
      const stats = await handle.stat();
      if (stats.isDirectory()) throw refuseInput(file, "this is a folder", "name the key file in it");
      if (!stats.isFile() && !fed) throw refuseInput(file, "this is no file", "give its content on stdin: -");
      const chunks: Buffer[] = [];
      let length = 0;
      for (;;) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, null);
        chunks.push(buffer.subarray(0, bytesRead));
        length += bytesRead;
        if (bytesRead === 0 || length > MAX_BYTES) return Buffer.concat(chunks);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw toFault(error, "read the key", file);
  }
}

function checked(file: string, bytes: Buffer): Buffer {
  if (bytes.length > MAX_BYTES) throw refuseInput(file, "this is too large for a key", "check the path");
  return bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? bytes.subarray(3) : bytes;
}

/** Built without a word of what is in the file. */
export function refuseInput(file: string, message: string, hint: string): SecretsError {
  return new SecretsError("E_KEY_FILE", message, { location: { file }, hint });
}
