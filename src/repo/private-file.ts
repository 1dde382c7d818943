/**
 * A file of the person's own that holds private keys, outside of any repository. It is changed whole or not at all, is
 * its owner's alone from the first byte, and of two runs that add to it neither loses what the other one wrote.
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
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
import { systemCode, toFault } from "./fault.ts";
import { type Lock, takeLock } from "./lock.ts";

/** The limit of age for files of identities. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Who holds the lock does so for milliseconds. */
const PATIENCE = 5_000;
const PAUSE = 25;

export interface PrivateFile {
  /** Without links: what is replaced. */
  readonly path: string;
  /** Undefined when there is none yet. */
  readonly bytes?: Uint8Array;
  /** Others than its owner may read it. */
  readonly open: boolean;
}

/**
 * @param shown the place as the person knows it
 * @throws SecretsError `E_KEY_FILE` for a link into the Nix store or to nothing, for what is no file, and for a file of
 *   somebody else; `E_NO_PERMISSION`, `E_IO`
 */
export function readPrivateFile(path: string, shown: string): PrivateFile {
  try {
    const place = followLinks(path, shown);
    return { path: place, ...readWhole(place, shown) };
  } catch (error) {
    throw toFault(error, "read the key file", shown);
  }
}

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

/** A link stays, and what it leads to is replaced. */
function followLinks(path: string, shown: string): string {
  const place = join(realFolder(dirname(path)), basename(path));
  refuseStore(place, shown);
  if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return place;
  // Also a link that leads there no more.
  refuseStore(readlinkSync(place), shown);
  const target = resolveLink(place, shown);
  refuseStore(target, shown);
  return target;
}

function refuseStore(target: string, shown: string): void {
  if (!target.startsWith("/nix/store/")) return;
  throw refuse(
    shown,
    "this file is a link into the Nix store, which cannot be changed and which everybody can read",
    "take it out of home-manager, and make it a file of your own\na private key that was in the store is known to every user of this computer: rotate it",
  );
}

function resolveLink(place: string, shown: string): string {
  try {
    return realpathSync(place);
  } catch (cause) {
    throw refuse(
      shown,
      "this file is a link that leads to nothing",
      "remove the link, or make what it leads to",
      cause,
    );
  }
}

/** Of a folder that is not there yet: where it would be. */
function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || path === dirname(path)) throw error;
    return join(realFolder(dirname(path)), basename(path));
  }
}

function readWhole(path: string, shown: string): Pick<PrivateFile, "bytes" | "open"> {
  let handle: number | undefined;
  try {
    // What is no file, a pipe say, must not keep anybody waiting.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(handle);
    if (!stats.isFile()) throw refuse(shown, "this is no file", "name a file for keys");
    if (stats.size > MAX_BYTES) throw refuse(shown, "this file is too large for a list of keys", "name another file");
    if (stats.uid !== process.getuid?.()) {
      throw refuse(shown, "this file belongs to another user", "run it as that user, or name a file of your own");
    }
    return { bytes: readFileSync(handle), open: (stats.mode & 0o077) !== 0 };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return { open: false };
    throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
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

function refuse(file: string, message: string, hint: string, cause?: unknown): SecretsError {
  return new SecretsError("E_KEY_FILE", message, {
    location: { file },
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
