/** The preparation of a transaction: old contents kept, new contents written and durable, the work tree untouched. */
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { SecretsError } from "../errors.ts";
import { type Aim, aimAtAll } from "./aim.ts";
import { contentHash, type FileChange, type FileState } from "./change.ts";
import { makeDurable } from "./durable.ts";
import { toFault } from "./fault.ts";
import type { JournalEntry } from "./journal.ts";
import type { RepoPath } from "./path.ts";
import type { Root } from "./root.ts";
import { changedUnderneath } from "./settle.ts";
import { inDirectory, type Stamp, stampOfFile } from "./target.ts";

export interface Staged {
  readonly entries: readonly JournalEntry[];
  readonly stamps: ReadonlyMap<RepoPath, Stamp>;
}

/**
 * @param old directory for the contents that are replaced
 * @param staging directory for the contents that are to come
 * @throws SecretsError as `applyChanges`; what was staged by then is the caller's to remove.
 */
export async function stageChanges(
  root: Root,
  changes: readonly FileChange[],
  old: string,
  staging: string,
): Promise<Staged> {
  const entries: JournalEntry[] = [];
  const stamps = new Map<RepoPath, Stamp>();
  const staged: string[] = [];
  const copied: string[] = [];
  const aims = aimAtAll(root, changes);
  for (const [index, change] of changes.entries()) {
    // So that Ctrl-C is heard in the middle of ten thousand files.
    if (index % 64 === 63) await setImmediate();
    try {
      const aim = aims.next().value as Aim;
      const slot = join(old, String(index));
      if (!keepOld(root, aim, slot)) copied.push(slot);
      const name = join(staging, String(index));
      entries.push({ path: aim.path, before: aim.before, after: stageOne(change, aim.before, name) });
      if (change.kind === "write") staged.push(name);
      stamps.set(aim.path, aim.stamp);
    } catch (error) {
      throw toFault(error, "prepare the new content", change.path);
    }
  }
  makeDurable([...staged, staging]);
  makeDurable([...copied, old]);
  return { entries, stamps };
}

/** A second name for the old content, where there can be one. @returns false when it had to be copied. */
function keepOld(root: Root, aim: Aim, slot: string): boolean {
  const { before } = aim;
  if (before.kind === "absent") return true;
  if (before.kind === "link") {
    symlinkSync(before.target, slot);
    return true;
  }
  const linked = inDirectory(root, aim.path, (name) => {
    try {
      linkSync(name, slot);
      return true;
    } catch {
      // No hard links here, another file system, or someone else's file.
      copyFileSync(name, slot, constants.COPYFILE_EXCL);
      return false;
    }
  });
  const same = linked ? stampOfFile(slot) === aim.stamp : contentHash(readFileSync(slot)) === before.hash;
  if (!same) throw changedUnderneath(aim.path);
  return linked;
}

function stageOne(change: FileChange, before: FileState, name: string): FileState {
  if (change.kind === "remove") return { kind: "absent" };
  if (change.kind === "link") {
    // Where nothing is replaced, the journal has all there is to a link.
    if (before.kind !== "absent") symlinkSync(change.target, name);
    return { kind: "link", target: change.target };
  }
  const mode = change.mode ?? (before.kind === "file" ? before.mode : undefined);
  const handle = openSync(name, "wx", mode ?? 0o666);
  try {
    writeWhole(handle, change.bytes);
    if (mode !== undefined) fchmodSync(handle, mode & 0o777);
    const stats = fstatSync(handle);
    if (stats.size !== change.bytes.length) throw new SecretsError("E_IO", "the new content was not written whole");
    return { kind: "file", hash: contentHash(change.bytes), mode: stats.mode & 0o777 };
  } finally {
    closeSync(handle);
  }
}

/** `write` may take less than it was given; a full disk shows as an error of the next call. */
function writeWhole(handle: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
}

/** Whether files of the one directory can be renamed into the other. */
export function onSameFileSystem(a: string, b: string): boolean {
  return statSync(a).dev === statSync(b).dev;
}
