/** What a person names as the source of a key: a file, or stdin. */
import { resolve } from "node:path";
import { inHome } from "../age/own-key-place.ts";
import { SecretsError } from "../errors.ts";
import { toFault } from "../repo/fault.ts";
import { readOutside } from "../repo/read-outside.ts";
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
    const bytes = Buffer.from(await context.readStdin());
    if (bytes.length <= MAX_BYTES) return { name: "stdin", origin: "stdin", bytes: withoutMark(bytes) };
    throw new SecretsError("E_KEY_FILE", "this is too large for a key", { location: { file: "stdin" } });
  }
  const path = resolve(context.directory, file);
  try {
    return { name: file, origin: inHome(path, context.home), bytes: withoutMark(await readOutside(path, MAX_BYTES)) };
  } catch (error) {
    throw toFault(error, "read the key", file);
  }
}

function withoutMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? bytes.subarray(3) : bytes;
}
