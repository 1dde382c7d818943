/**
 * Making written files survive a power cut, at a cost that does not grow with their number. Node has no `syncfs`, and
 * an fsync for each of a thousand files took 2.0 s where `sync -f` of coreutils, which is `syncfs`, took 0.2 s. It
 * also waits for what others have written to the same file system, so a handful of files is flushed one by one.
 */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { type RunSync, runSync } from "./program.ts";

/** Up to here single flushes are cheaper than a process and other people's data. */
const FEW = 8;
const SYNC_TIMEOUT = 600_000;

/**
 * @param paths files and directories, all on one file system; a directory is flushed for the names in it
 * @param run what starts `sync`; a failure of it falls back to a flush for each path
 * @throws the system's own error when the disk fails
 */
export function makeDurable(paths: readonly string[], run: RunSync = runSync): void {
  const [first] = paths;
  if (first === undefined) return;
  if (paths.length > FEW && process.platform === "linux" && syncFileSystem(first, run)) return;
  for (const path of paths) flush(path);
}

function syncFileSystem(path: string, run: RunSync): boolean {
  try {
    return run(["sync", "-f", path], { timeoutMs: SYNC_TIMEOUT }).code === 0;
  } catch {
    return false;
  }
}

function flush(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
