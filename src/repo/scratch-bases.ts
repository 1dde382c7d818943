/** The places where scratch directories may be. */
import { lstatSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute } from "node:path";
import { type Environment, type RunSync, runSync } from "./program.ts";

/** What the system offers; a test describes another one. */
export interface ScratchSystem {
  readonly platform: NodeJS.Platform;
  /** Directories for everyone that may be in memory. */
  readonly shared: readonly string[];
  /** The directory for temporary files. */
  readonly disk: string;
  readonly run: RunSync;
}

export const HERE: ScratchSystem = { platform: process.platform, shared: ["/dev/shm"], disk: tmpdir(), run: runSync };

/** Where scratch directories may be, best first: the person's own runtime directory, then memory for everyone. */
export function memoryBases(env: Environment, system: ScratchSystem): string[] {
  const own = env["XDG_RUNTIME_DIR"];
  const bases = own !== undefined && isAbsolute(own) && isPrivate(own) ? [own] : [];
  return [...bases, ...system.shared].filter(isMemory);
}

function isPrivate(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
}

/** The file systems of Linux that have no disk behind them, by their magic numbers (`statfs(2)`). */
const MEMORY_TYPES: readonly number[] = [0x01021994, 0x858458f6];

/** Whether a place has no disk behind it. */
export function isMemory(path: string): boolean {
  try {
    return MEMORY_TYPES.includes(statfsSync(path).type);
  } catch {
    return false;
  }
}
