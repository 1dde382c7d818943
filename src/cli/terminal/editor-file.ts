/** The file that the editor works on: written once, and read back with suspicion, for an editor may do anything with it. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SecretsError } from "../../errors.ts";
import { MAX_FILE } from "../../repo/read.ts";

/**
 * @returns undefined when the file is gone. By path, because many editors write another file and rename it.
 * @throws SecretsError `E_EDIT_FILE` when what is there is no regular file of ours, or too large.
 */
export function readEdited(path: string): Uint8Array | undefined {
  let handle: number;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw notOurs(path, error);
  }
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile() || stats.uid !== process.getuid?.()) throw notOurs(path);
    if (stats.size > MAX_FILE) {
      throw new SecretsError("E_EDIT_FILE", `the edited text is larger than ${MAX_FILE} bytes`);
    }
    return new Uint8Array(readFileSync(handle));
  } finally {
    closeSync(handle);
  }
}

/** Puts a text in place of what the editor left, as a new file. */
export function rewriteEdited(path: string, bytes: Uint8Array): void {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, bytes, { flag: "wx", mode: 0o600 });
}

/** Swap files, backups and the like: copies of the text, and the reason why vim asks questions the next time. */
export function removeSiblings(path: string): void {
  const directory = dirname(path);
  for (const name of readdirSync(directory)) {
    if (name !== basename(path)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

/** Takes back what an editor did to the whole text unasked: CRLF in place of LF, a byte order mark. */
export function undoHabits(edited: Uint8Array, initial: Uint8Array): Uint8Array {
  let text = Buffer.from(edited);
  const mark = Buffer.from([0xef, 0xbb, 0xbf]);
  if (startsWith(text, mark) && !startsWith(initial, mark)) text = text.subarray(mark.length);
  const breaks = count(text, "\n");
  if (breaks > 0 && count(text, "\r\n") === breaks && !Buffer.from(initial).includes("\r\n")) {
    text = Buffer.from(text.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
  }
  return new Uint8Array(text);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, start.length), start) === 0;
}

function count(text: Buffer, part: string): number {
  let found = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) found++;
  return found;
}

function notOurs(path: string, cause?: unknown): SecretsError {
  return new SecretsError("E_EDIT_FILE", "the editor left something else where the text was; nothing was saved", {
    location: { file: path },
    hint: "use another editor, or set its options so that it writes a regular file",
    cause,
  });
}
