/** All files below a folder outside of the repository, which may have been made by anybody: within bounds, and no link is followed. */
import { constants } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import { systemCode, toFault } from "./fault.ts";

export interface TreeFile {
  /** Below the folder, with slashes. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface TreeBounds {
  readonly files: number;
  /** Of one file, in bytes. */
  readonly fileSize: number;
  /** Of all files together, in bytes. */
  readonly totalSize: number;
  /** Folders within each other. */
  readonly depth: number;
}

/**
 * In the order of their paths. The folder itself may be reached by a link: a person named it.
 * @throws SecretsError `E_TREE` for links, devices, names that are no text and whatever exceeds the bounds
 */
export async function readTree(folder: string, bounds: TreeBounds): Promise<readonly TreeFile[]> {
  const files: TreeFile[] = [];
  let total = 0;
  const visit = async (below: string, depth: number): Promise<void> => {
    if (depth > bounds.depth) throw refuse(below, `folders are nested more than ${bounds.depth} deep`);
    // Names as bytes: one that is no UTF-8 would be read as another one.
    const entries = await readdir(join(folder, below), { withFileTypes: true, encoding: "buffer" });
    for (const entry of entries.sort((a, b) => Buffer.compare(a.name, b.name))) {
      const name = entry.name.toString("utf8");
      const path = below === "" ? name : `${below}/${name}`;
      if (!Buffer.from(name, "utf8").equals(entry.name)) throw refuse(path, "this name is not UTF-8");
      if (entry.isDirectory()) {
        await visit(path, depth + 1);
        continue;
      }
      if (!entry.isFile()) throw refuse(path, entry.isSymbolicLink() ? "this is a link" : "this is no file");
      if (files.length >= bounds.files) throw refuse(path, `there are more than ${bounds.files} files`);
      const bytes = await readFile(join(folder, path), path, Math.min(bounds.fileSize, bounds.totalSize - total));
      total += bytes.length;
      files.push({ path, bytes });
    }
  };
  try {
    await visit("", 0);
  } catch (error) {
    throw toFault(error, "read the folder", folder);
  }
  return files;
}

async function readFile(file: string, path: string, most: number): Promise<Uint8Array> {
  // What was a file a moment ago may be a link or a pipe by now.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error) => {
    throw systemCode(error) === "ELOOP" ? refuse(path, "this is a link") : error;
  });
  try {
    return await readBounded(handle, path, most);
  } finally {
    await handle.close();
  }
}

async function readBounded(handle: FileHandle, path: string, most: number): Promise<Uint8Array> {
  const stats = await handle.stat();
  if (!stats.isFile()) throw refuse(path, "this is no file");
  if (stats.size > most) throw refuse(path, "this is too large");
  const bytes = Buffer.alloc(stats.size + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read) {
    ({ bytesRead: read } = await handle.read(bytes, length, bytes.length - length, length));
  }
  if (length > stats.size) throw refuse(path, "somebody is writing into this file");
  return bytes.subarray(0, length);
}

function refuse(file: string, message: string): SecretsError {
  return new SecretsError("E_TREE", `${message}, so nothing of this folder was read`, {
    location: { file },
    hint: "only folders and files are read, and no more than a dump of values holds",
  });
}
