/** Reading the work tree without leaving it. Synchronous inside: ten thousand small files take a third of the time. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync, realpathSync } from "node:fs";
import { SecretsError } from "../errors.ts";
import { systemCode, toFault } from "./fault.ts";
import { escapes, holdDirectory, isInside, splitPath, whereIs } from "./inside.ts";
import type { RepoPath } from "./path.ts";
import type { Root } from "./root.ts";

/** Nothing that a person edits is larger; a larger file would only serve to use up memory. */
export const MAX_FILE = 64 * 1024 * 1024;

export interface ReadOptions {
  /** Bytes; `MAX_FILE` if not given. */
  readonly maxBytes?: number;
}

/**
 * The bytes of a regular file. A link as the last component is followed when it stays inside the root.
 * @throws SecretsError `E_NOT_FOUND`, `E_PATH_ESCAPES`, `E_NOT_A_FILE` (a directory, a device, a pipe), `E_TOO_LARGE`,
 *   `E_NO_PERMISSION`, `E_IO`, with the path as their place.
 */
export async function readRepoFile(root: Root, path: RepoPath, options: ReadOptions = {}): Promise<Uint8Array> {
  let handle: number | undefined;
  try {
    handle = openFile(root, path);
    return readWhole(handle, path, options.maxBytes ?? MAX_FILE);
  } catch (error) {
    throw toFault(error, "read the file", path);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function openFile(root: Root, path: RepoPath): number {
  // O_NONBLOCK: a pipe put in the place of a file would otherwise stop us for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let name = `${root.path}/${path}`;
  try {
    const handle = openSync(name, flags);
    const real = whereIs(handle);
    if (real !== undefined) return checked(root, path, handle, real);
    closeSync(handle);
  } catch (error) {
    // A link in the last place: Linux and macOS say ELOOP, FreeBSD EMLINK.
    if (systemCode(error) !== "ELOOP" && systemCode(error) !== "EMLINK") throw error;
  }
  name = realpathSync(name);
  if (!isInside(root, name)) throw escapes(path);
  const handle = openSync(name, flags);
  return checked(root, path, handle, whereIs(handle) ?? name);
}

function checked(root: Root, path: RepoPath, handle: number, real: string): number {
  if (isInside(root, real)) return handle;
  closeSync(handle);
  throw escapes(path);
}

function readWhole(handle: number, path: string, maxBytes: number): Uint8Array {
  const stats = fstatSync(handle);
  if (!stats.isFile()) {
    throw new SecretsError("E_NOT_A_FILE", "this is no regular file", { location: { file: path } });
  }
  // One byte more than its size: a file that grows meanwhile is noticed, and the usual one needs no second look.
  const bytes = Buffer.allocUnsafeSlow(Math.min(stats.size, maxBytes) + 1);
  let length = 0;
  for (;;) {
    const count = readSync(handle, bytes, length, bytes.length - length, null);
    length += count;
    if (count === 0) break;
    if (length > maxBytes) {
      throw new SecretsError("E_TOO_LARGE", `this file is larger than ${maxBytes} bytes`, { location: { file: path } });
    }
    if (length === bytes.length) {
      throw new SecretsError("E_CHANGED_UNDERNEATH", "this file grew while it was read", {
        kind: "conflict",
        location: { file: path },
        hint: "run the command again",
      });
    }
  }
  return new Uint8Array(bytes.buffer, 0, length);
}

export type Kind = "file" | "directory" | "link" | "other" | "absent";

/**
 * What is at a path; a link there is a link and not what it points to.
 * @throws SecretsError `E_PATH_ESCAPES` when a directory on the way is a link that leaves the root.
 */
export async function kindOf(root: Root, path: RepoPath): Promise<Kind> {
  return inDirectory(root, path, "look at the path", "absent", (name) => {
    const stats = lstatSync(name, { throwIfNoEntry: false });
    if (stats === undefined) return "absent";
    if (stats.isSymbolicLink()) return "link";
    if (stats.isDirectory()) return "directory";
    return stats.isFile() ? "file" : "other";
  });
}

/**
 * The text of a link as it is, unresolved and unchecked: where it leads is the caller's question. Undefined when there
 * is no link at the path.
 * @throws SecretsError `E_PATH_ESCAPES` as `kindOf`.
 */
export async function readLinkTarget(root: Root, path: RepoPath): Promise<string | undefined> {
  return inDirectory(root, path, "read the link", undefined, (name) => {
    try {
      return readlinkSync(name);
    } catch (error) {
      if (["EINVAL", "ENOENT"].includes(systemCode(error) ?? "")) return undefined;
      throw error;
    }
  });
}

function inDirectory<T>(root: Root, path: RepoPath, doing: string, absent: T, look: (name: string) => T): T {
  const { directory, name } = splitPath(path);
  try {
    const held = holdDirectory(root, directory);
    if (held === undefined) return absent;
    try {
      return look(`${held.base}/${name}`);
    } finally {
      held.close();
    }
  } catch (error) {
    throw toFault(error, doing, path);
  }
}
