/** Removes the scratch space of runs that were killed, and tells what is there on purpose. */
import { lstatSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { livenessOf } from "./process-identity.ts";
import type { Environment } from "./program.ts";
import { detachRamDisk } from "./ram-disk.ts";
import { removeTree } from "./remove-tree.ts";
import { HERE, memoryBases, type ScratchSystem } from "./scratch-bases.ts";
import { readOwner, SCRATCH_PREFIX } from "./scratch-owner.ts";

export interface Sweep {
  /** Directories that are gone now. */
  readonly removed: readonly string[];
  /** Directories with text that a person could not save: theirs to look at and remove. */
  readonly kept: readonly string[];
  /** Directories of runs that are dead, or cannot be seen from here, and that are still there. */
  readonly left: readonly string[];
}

/** Cheap when there is nothing to do; never throws. Directories of other people and of living runs are not touched. */
export function sweepScratch(env: Environment, system: ScratchSystem = HERE): Sweep {
  const sweep = { removed: [] as string[], kept: [] as string[], left: [] as string[] };
  for (const base of new Set([...memoryBases(env, system), system.disk])) {
    for (const path of scratchIn(base)) {
      const verdict = sweepOne(path, system);
      if (verdict !== undefined) sweep[verdict].push(path);
    }
  }
  return sweep;
}

function scratchIn(base: string): string[] {
  try {
    return readdirSync(base)
      .filter((name) => name.startsWith(SCRATCH_PREFIX))
      .map((name) => join(base, name))
      .filter((path) => {
        // A directory of ours, and no link: `/dev/shm` and `/tmp` are everybody's.
        const stats = lstatSync(path);
        return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
      });
  } catch {
    return [];
  }
}

function sweepOne(path: string, system: ScratchSystem): keyof Sweep | undefined {
  try {
    const owner = readOwner(path);
    if (owner === undefined) {
      // Killed before it wrote its note, so nothing is in it; or being made this moment.
      if (Date.now() - lstatSync(path).mtimeMs < 60_000) return undefined;
      rmdirSync(path);
      return "removed";
    }
    if (owner.kept) return "kept";
    const liveness = livenessOf(owner.process);
    if (liveness === "alive") return undefined;
    if (liveness === "unknown") return "left";
    if (owner.disk !== "") detachRamDisk(owner.disk, system.run);
    removeTree(path);
    return "removed";
  } catch {
    return "left";
  }
}
