/**
 * Small files of our own that hold what a person decided on this clone. Other than what is only remembered, one that
 * cannot be read is an error and never the same as none, and all work trees of a clone share it.
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SecretsError } from "../errors.ts";
import { makeDurable } from "./durable.ts";
import { systemCode, toFault } from "./fault.ts";
import { type Lock, takeLock } from "./lock.ts";
import type { Root } from "./root.ts";

const MAX_BYTES = 16 * 1024 * 1024;
/** Who holds the lock does so for milliseconds. */
const PATIENCE = 3_000;
const PAUSE = 25;

/** Whether there is one, told without reading it. */
export function hasKeptFile(root: Root, name: string): boolean {
  return existsSync(join(placeOf(root), name));
}

/**
 * @returns undefined when there is none
 * @throws SecretsError `E_STATE_FILE` for a file that is not this user's alone to write, `E_NO_PERMISSION`, `E_IO`
 */
export function readKeptFile(root: Root, name: string): Uint8Array | undefined {
  const path = join(placeOf(root), name);
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(handle);
    if (!stats.isFile() || stats.size > MAX_BYTES) throw unusable(path, "it is no file of ours");
    if (stats.uid !== process.getuid?.()) throw unusable(path, "it belongs to another user");
    if ((stats.mode & 0o022) !== 0) throw unusable(path, "others may write it");
    return readFileSync(handle);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    if (systemCode(error) === "ELOOP" || systemCode(error) === "EMLINK") throw unusable(path, "it is a link");
    throw toFault(error, "read what was decided on this clone", path);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/**
 * Replaces the file in one step that survives a power cut; of two runs that do so, one waits for the other.
 * @param change gets what is there now, and gives what shall be there
 * @throws SecretsError `E_LOCKED` when another run does not come to an end, and what reading and writing throw
 */
export async function updateKeptFile(
  root: Root,
  name: string,
  change: (now: Uint8Array | undefined) => Uint8Array,
): Promise<void> {
  const place = placeOf(root);
  const lock = await lockPatiently({ ...root, state: join(place, `${name}.lock`) }, `secrets: ${name}`);
  const draft = join(place, `${name}.${process.pid}.${randomUUID()}`);
  try {
    const bytes = change(readKeptFile(root, name));
    writeDurably(draft, bytes);
    lock.assertHeld();
    renameSync(draft, join(place, name));
    makeDurable([place]);
  } catch (error) {
    rmSync(draft, { force: true });
    throw toFault(error, "keep what was decided on this clone", join(place, name));
  } finally {
    lock.release();
  }
}

async function lockPatiently(root: Root, command: string): Promise<Lock> {
  for (const end = Date.now() + PATIENCE; ; ) {
    try {
      return takeLock(root, command);
    } catch (error) {
      if (!(error instanceof SecretsError && error.code === "E_LOCKED") || Date.now() > end) throw error;
      await sleep(PAUSE);
    }
  }
}

function writeDurably(path: string, bytes: Uint8Array): void {
  mkdirSync(resolve(path, ".."), { recursive: true, mode: 0o700 });
  const handle = openSync(path, "wx", 0o600);
  try {
    writeFileSync(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A linked work tree has a git directory of its own, which says where that of the clone is. */
function placeOf(root: Root): string {
  if (root.git === undefined) return root.state;
  try {
    const common = readFileSync(join(root.git, "commondir"), "utf8").replace(/\n+$/, "");
    return join(resolve(root.git, common), "secrets");
  } catch {
    return root.state;
  }
}

function unusable(path: string, why: string): SecretsError {
  return new SecretsError("E_STATE_FILE", `this file cannot be relied upon: ${why}`, {
    location: { file: path },
    hint: "see who put it there; it should be a file of yours with mode 0600",
  });
}
