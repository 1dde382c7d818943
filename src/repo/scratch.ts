/**
 * Room for plaintext while an editor has it: in memory, readable by its owner alone, and gone when the run ends, by
 * whatever. Overwriting a file on a disk is of no use on an SSD or a copy-on-write file system, so the only safe way is
 * never to have written it there; where there is no memory to write to, the person has to allow the disk.
 */
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import { atEnd } from "./ending.ts";
import { toFault } from "./fault.ts";
import { ownIdentity } from "./process-identity.ts";
import type { Environment } from "./program.ts";
import { attachRamDisk, detachRamDisk } from "./ram-disk.ts";
import { removeTree } from "./remove-tree.ts";
import { HERE, memoryBases, type ScratchSystem } from "./scratch-bases.ts";
import { SCRATCH_PREFIX, writeOwner } from "./scratch-owner.ts";
import { mayBeSwapped } from "./swap.ts";
import { sweepScratch } from "./sweep-scratch.ts";
import { watchOver } from "./watchdog.ts";

export interface Scratch {
  /** Absolute, mode 0700, empty at first. */
  readonly directory: string;
  /** `disk` only when the person allowed it. */
  readonly kind: "memory" | "ram disk" | "disk";
  /** It is memory that the system may move to an ordinary swap space. Worth a note, no reason to stop. */
  readonly swappable: boolean;
  /**
   * Creates a file, mode 0600, that was not there before.
   * @returns its absolute path
   */
  readonly createFile: (name: string, bytes: Uint8Array) => string;
  /** Leaves the directory to the person, who has text in it that could not be saved: nothing of ours removes it. */
  readonly keep: () => void;
  /** @throws SecretsError `E_SCRATCH_LEFT` naming the directory when it cannot be removed. */
  readonly remove: () => void;
}

export interface ScratchOptions {
  readonly env: Environment;
  /** The person accepts plaintext on a disk. */
  readonly allowDisk?: boolean;
  readonly system?: ScratchSystem;
}

/**
 * Makes scratch space, and removes that of runs which were killed.
 * @throws SecretsError `E_NO_SCRATCH` with the way out; `E_NO_SPACE` and others when making it fails.
 */
export function openScratch({ env, allowDisk = false, system = HERE }: ScratchOptions): Scratch {
  sweepScratch(env, system);
  const base = memoryBases(env, system)[0];
  try {
    if (base !== undefined) return makeScratch(base, "memory", system);
    if (system.platform === "darwin") {
      try {
        return makeScratch(system.disk, "ram disk", system);
      } catch (error) {
        if (!allowDisk) throw noScratch(error);
      }
    }
    if (allowDisk) return makeScratch(system.disk, "disk", system);
  } catch (error) {
    throw toFault(error, "make scratch space", base ?? system.disk);
  }
  throw noScratch();
}

function makeScratch(base: string, kind: Scratch["kind"], system: ScratchSystem): Scratch {
  const home = mkdtempSync(join(realpathSync(base), SCRATCH_PREFIX));
  const directory = join(home, "work");
  let disk = "";
  const clear = () => {
    if (disk !== "") detachRamDisk(disk, system.run);
    removeTree(home);
  };
  const forget = atEnd(clear);
  const owner = ownIdentity();
  try {
    writeOwner(home, { process: owner, disk, kept: false });
    mkdirSync(directory, { mode: 0o700 });
    if (kind === "ram disk") {
      disk = attachRamDisk(directory, system.run);
      writeOwner(home, { process: owner, disk, kept: false });
    }
  } catch (error) {
    forget();
    clear();
    throw error;
  }
  const callOff = watchOver(home, disk);
  return {
    directory,
    kind,
    swappable: kind === "memory" && mayBeSwapped(directory, readText("/proc/swaps"), readText("/proc/self/mounts")),
    createFile: (name, bytes) => createFile(join(directory, name), bytes),
    keep: () => {
      forget();
      callOff();
      writeOwner(home, { process: owner, disk, kept: true });
    },
    remove: () => {
      forget();
      try {
        clear();
      } catch (cause) {
        throw scratchLeft(home, cause);
      } finally {
        callOff();
      }
    },
  };
}

function createFile(path: string, bytes: Uint8Array): string {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    const handle = openSync(path, flags, 0o600);
    try {
      writeFileSync(handle, bytes);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw toFault(error, "write to scratch space", path);
  }
  return path;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function noScratch(cause?: unknown): SecretsError {
  return new SecretsError("E_NO_SCRATCH", "there is no memory-backed directory to put the plain text in", {
    hint: "make one (a tmpfs at $XDG_RUNTIME_DIR, mode 0700, or /dev/shm)\nor accept that the text is written to a disk, from where it may be recovered: --allow-disk",
    cause,
  });
}

function scratchLeft(path: string, cause: unknown): SecretsError {
  return new SecretsError("E_SCRATCH_LEFT", "plain text is left behind: this directory could not be removed", {
    location: { file: path },
    hint: `close what is using it, then: rm -r ${path}`,
    cause,
  });
}
