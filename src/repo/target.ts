/** A place in the work tree that is about to be changed: looked at, and changed, through its held directory. */

import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { SecretsError } from "../errors.ts";
import type { FileState } from "./change.ts";
import { makeDurable } from "./durable.ts";
import { cannotLink, systemCode } from "./fault.ts";
import { type HeldDirectory, holdDirectory, splitPath } from "./inside.ts";
import type { RepoPath } from "./path.ts";
import type { Root } from "./root.ts";

/** Enough to tell without reading that a file is still the one that was read. */
export type Stamp = string;

export interface Sighting {
  readonly state: FileState | { readonly kind: "directory" } | { readonly kind: "other" };
  readonly stamp: Stamp;
}

const ABSENT: Sighting = { state: { kind: "absent" }, stamp: "absent" };

/** What is at the path, by content. Never follows a link in the last place. */
export function lookAt(root: Root, path: RepoPath): Sighting {
  return inDirectoryIfThere(root, path, ABSENT, (name) => {
    const stats = lstatSync(name, { throwIfNoEntry: false, bigint: true });
    if (stats === undefined) return ABSENT;
    if (stats.isDirectory()) return { state: { kind: "directory" }, stamp: "directory" };
    if (stats.isSymbolicLink()) return { state: { kind: "link", target: readlinkSync(name) }, stamp: stampOf(stats) };
    if (!stats.isFile()) return { state: { kind: "other" }, stamp: "other" };
    return hashFile(name);
  });
}

/** The stamp alone, for the last look before a change. */
export function stampAt(root: Root, path: RepoPath): Stamp {
  return inDirectoryIfThere(root, path, ABSENT.stamp, (name) => {
    const stats = lstatSync(name, { throwIfNoEntry: false, bigint: true });
    if (stats === undefined) return ABSENT.stamp;
    return stats.isDirectory() ? "directory" : stampOf(stats);
  });
}

/** The stamp of a file that is no target, by its path. */
export function stampOfFile(path: string): Stamp {
  return stampOf(lstatSync(path, { bigint: true }));
}

/** Without the time of change of the inode: our own hard link to the old content moves that. */
function stampOf(stats: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint; mode: bigint }): Stamp {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.mode}`;
}

/** One for all files: they are read one after the other, and ten thousand buffers would wait for the garbage collector. */
const chunk = Buffer.alloc(1 << 16);

function hashFile(name: string): Sighting {
  const handle = openSync(name, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    // Stamped before it is read: a write that comes in between shows as another stamp later.
    const stats = fstatSync(handle, { bigint: true });
    const hash = createHash("sha256");
    for (let count = 1; count > 0; ) {
      count = readSync(handle, chunk, 0, chunk.length, null);
      hash.update(chunk.subarray(0, count));
    }
    const mode = Number(stats.mode & 0o777n);
    return { state: { kind: "file", hash: hash.digest("hex"), mode }, stamp: stampOf(stats) };
  } finally {
    closeSync(handle);
  }
}

/**
 * Moves a staged file or link to the path, in one step for whoever looks; what is there is replaced and not followed.
 * @param replaces false when nothing is there yet: what came into being meanwhile is then not overwritten, and the
 *   system's EEXIST is thrown
 */
export function place(root: Root, path: RepoPath, source: string, replaces: boolean): void {
  inDirectory(root, path, (name) => {
    if (!replaces && moveIfFree(source, name)) return;
    try {
      renameSync(source, name);
    } catch (error) {
      if (systemCode(error) !== "EXDEV") throw error;
      // A mount inside the work tree: copied beside the target first, so that the last step is a rename again. One name
      // in every directory: should we be killed here, the next run makes the same draft and moves it away.
      const draft = join(dirname(name), ".secrets-draft");
      rmSync(draft, { force: true });
      copy(source, draft);
      renameSync(draft, name);
    }
  });
}

/** A new link where nothing is. @throws the system's EEXIST where something came into being meanwhile */
export function placeLink(root: Root, path: RepoPath, target: string): void {
  inDirectory(root, path, (name) => symlinkSync(target, name));
}

/** A rename that does not overwrite. @returns false where it cannot be had: no hard links, or another file system. */
function moveIfFree(source: string, name: string): boolean {
  const { isLink, target } = linkAt(source);
  if (isLink) symlinkSync(target, name);
  else {
    try {
      linkSync(source, name);
    } catch (error) {
      if (systemCode(error) === "EXDEV" || cannotLink(error)) return false;
      throw error;
    }
  }
  unlinkSync(source);
  return true;
}

function copy(source: string, draft: string): void {
  const { isLink, target } = linkAt(source);
  if (isLink) symlinkSync(target, draft);
  else {
    copyFileSync(source, draft, constants.COPYFILE_EXCL);
    makeDurable([draft]);
  }
}

function linkAt(path: string): { readonly isLink: boolean; readonly target: string } {
  const isLink = lstatSync(path).isSymbolicLink();
  return { isLink, target: isLink ? readlinkSync(path) : "" };
}

export function removeFile(root: Root, path: RepoPath): void {
  inDirectory(root, path, (name) => unlinkSync(name));
}

/**
 * Calls `use` with a name for the path that stays right whatever happens to the directories above.
 * @throws SecretsError `E_CHANGED_UNDERNEATH` when the directory is not there.
 */
export function inDirectory<T>(root: Root, path: RepoPath, use: (name: string) => T): T {
  const { directory, name } = splitPath(path);
  const held = holdExactly(root, directory);
  if (held === undefined) {
    throw new SecretsError("E_CHANGED_UNDERNEATH", "the directory of this file went away", {
      kind: "conflict",
      location: { file: path },
      hint: "run the command again",
    });
  }
  try {
    return use(`${held.base}/${name}`);
  } finally {
    held.close();
  }
}

function inDirectoryIfThere<T>(root: Root, path: RepoPath, missing: T, use: (name: string) => T): T {
  const { directory, name } = splitPath(path);
  const held = holdExactly(root, directory);
  if (held === undefined) return missing;
  try {
    return use(`${held.base}/${name}`);
  } finally {
    held.close();
  }
}

/** Paths here are canonical: a directory that is reached through a link is another one, even inside the root. */
function holdExactly(root: Root, directory: RepoPath | ""): HeldDirectory | undefined {
  const held = holdDirectory(root, directory);
  if (held === undefined || held.path === directory) return held;
  held.close();
  return undefined;
}

/** What stands where a directory above the path has to be: a file or a link. Undefined when nothing does. */
export function obstacleTo(root: Root, path: RepoPath): RepoPath | undefined {
  // Usually its directory is there, and with it all that are above.
  if (inDirectoryIfThere(root, path, false, () => true)) return undefined;
  for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
    const ancestor = path.slice(0, end) as RepoPath;
    const { kind } = lookAt(root, ancestor).state;
    if (kind === "absent") return undefined;
    if (kind !== "directory") return ancestor;
  }
  return undefined;
}

/** Whether nothing but `removed` files lies below a directory, so that it goes when they go. */
export function isEmptied(root: Root, directory: RepoPath, removed: ReadonlySet<RepoPath>): boolean {
  const names = inDirectory(root, directory, (name) => readdirSync(name, { withFileTypes: true }));
  return (
    names.length > 0 &&
    names.every((entry) => {
      const path = `${directory}/${entry.name}` as RepoPath;
      return removed.has(path) || (entry.isDirectory() && isEmptied(root, path, removed));
    })
  );
}
