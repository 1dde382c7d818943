/** Files of our own beside the lock and the journal, for what is only remembered: losing one costs time, nothing else. */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Root } from "./root.ts";

const MAX_BYTES = 64 * 1024 * 1024;

/** @returns undefined when there is none, it is not ours alone to write, or it cannot be read. */
export function readStateFile(root: Root, name: string): Uint8Array | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(join(root.state, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(handle);
    const ours = stats.isFile() && stats.uid === process.getuid?.() && (stats.mode & 0o022) === 0;
    return ours && stats.size <= MAX_BYTES ? readFileSync(handle) : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Replaces the file in one step. Says nothing when it cannot: a clone may be read-only. */
export function writeStateFile(root: Root, name: string, bytes: Uint8Array): void {
  const draft = join(root.state, `${name}.${process.pid}.${randomUUID()}`);
  try {
    mkdirSync(root.state, { recursive: true, mode: 0o700 });
    writeFileSync(draft, bytes, { flag: "wx", mode: 0o600 });
    renameSync(draft, join(root.state, name));
  } catch {
    rmSync(draft, { force: true });
  }
}
