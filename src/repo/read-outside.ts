/** Files outside of the repository that a person or a variable names: read whole, within bounds, and never waited for. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { SecretsError } from "../errors.ts";

const CHUNK = 64 * 1024;

/** What a shell makes of `<(command)`: a pipe that somebody writes to. For any other one we might wait for ever. */
const FED = /^\/(dev\/(fd\/\d+|stdin)|proc\/(self|\d+)\/fd\/\d+)$/;

/**
 * @param path absolute
 * @param maxBytes more is refused before it is read
 * @throws SecretsError `E_KEY_FILE` for a folder, a pipe, a device, and what is too large; the system's own error otherwise
 */
export async function readOutside(path: string, maxBytes: number): Promise<Buffer> {
  const fed = FED.test(path);
  const handle = await open(path, constants.O_RDONLY | (fed ? 0 : constants.O_NONBLOCK));
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw refuse(path, "this is a folder", "name the file in it");
    if (!stats.isFile() && !fed) throw refuse(path, "this is no file", "give what it would print on stdin, as -");
    const chunks: Buffer[] = [];
    for (let length = 0; length <= maxBytes; ) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK), 0, CHUNK, null);
      if (bytesRead === 0) return Buffer.concat(chunks);
      chunks.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
    }
    throw refuse(path, "this is too large for a key", "check the path");
  } finally {
    await handle.close();
  }
}

function refuse(file: string, message: string, hint: string): SecretsError {
  return new SecretsError("E_KEY_FILE", message, { location: { file }, hint });
}
