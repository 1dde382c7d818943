/**
 * A file of the person's own that holds private keys, outside of any repository. It is changed whole or not at all, is
 * its owner's alone from the first byte, and of two runs that add to it neither loses what the other one wrote.
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SecretsError } from "../errors.ts";
import { makeDurable } from "./durable.ts";
import { atEnd } from "./ending.ts";
import { toFault } from "./fault.ts";
import { type Lock, takeLock } from "./lock.ts";
import { readPrivateFile } from "./read-private-file.ts";

/** Who holds the lock does so for milliseconds. */
const PATIENCE = 5_000;
const PAUSE = 25;

/**
 * Replaces the file in one step that survives a power cut, with mode 0600; missing folders are made with mode 0700.
 *
 * @param change gets what is there, and gives what shall be there, or undefined to leave it; may be called again when
 *   somebody else was quicker
 * @returns whether it was changed
 * @throws SecretsError what `readPrivateFile` throws, what `change` throws, `E_LOCKED`, `E_READ_ONLY`, `E_NO_SPACE`
 */
export async function changePrivateFile(
  path: string,
  shown: string,
  change: (now: Uint8Array | undefined) => Promise<Uint8Array | undefined>,
): Promise<boolean> {
  // Nothing to do is nothing to be locked, made or refused for.
  if ((await change(readPrivateFile(path, shown).bytes)) === undefined) return false;
  const place = readPrivateFile(path, shown).path;
  try {
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw toFault(error, "make the folder of the key file", shown);
  }
  const lockFolder = join(dirname(place), `.${basename(place)}.lock`);
  const lock = await lockPatiently(lockFolder);
  try {
    sweepDrafts(place);
    const next = await change(readPrivateFile(place, shown).bytes);
    if (next === undefined) return false;
    replace(place, next, lock);
    return true;
  } catch (error) {
    throw toFault(error, "write the key file", shown);
  } finally {
    // What killed runs have left of theirs; who is taking the lock right now tries again.
    sweep(lockFolder, (name) => name !== "lock");
    lock.release();
    dropFolder(lockFolder);
  }
}

function replace(place: string, bytes: Uint8Array, lock: Lock): void {
  const draft = join(dirname(place), `.${basename(place)}.${randomUUID()}`);
  const drop = () => rmSync(draft, { force: true });
  const forget = atEnd(drop);
  try {
    const handle = openSync(draft, "wx", 0o600);
    try {
      writeFileSync(handle, bytes);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    lock.assertHeld();
    renameSync(draft, place);
    makeDurable([dirname(place)]);
  } catch (error) {
    drop();
    throw error;
  } finally {
    forget();
  }
}

/** What runs that were killed before they were done have left: keys that are nowhere else, and that nobody was told. */
function sweepDrafts(place: string): void {
  const prefix = `.${basename(place)}.`;
  const isDraft = (name: string) =>
    name.startsWith(prefix) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name.slice(prefix.length));
  sweep(dirname(place), isDraft);
}

/** Leftovers are no reason not to do what is to be done: what cannot be removed stays. */
function sweep(folder: string, isLeftover: (name: string) => boolean): void {
  try {
    for (const name of readdirSync(folder)) if (isLeftover(name)) rmSync(join(folder, name), { force: true });
  } catch {
    // A folder that may be written, and not listed.
  }
}

async function lockPatiently(state: string): Promise<Lock> {
  for (const end = Date.now() + PATIENCE; ; ) {
    try {
      return takeLock({ path: dirname(state), state, git: undefined }, "secrets key");
    } catch (error) {
      // Whoever is done takes the folder of the lock away, perhaps between two steps of ours.
      const passing = error instanceof SecretsError && ["E_LOCKED", "E_NOT_FOUND"].includes(error.code);
      if (!passing || Date.now() > end) {
        sweep(state, (name) => name.startsWith(`lock.${process.pid}.`));
        dropFolder(state);
        throw error;
      }
      await sleep(PAUSE);
    }
  }
}

function dropFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // The next one is in it already.
  }
}
