/** What tells one content of a file from another without reading it. */
import type { Stats } from "node:fs";

/** Longer than the coarsest clock of a file system ticks. */
const SETTLED_MS = 2500;

/**
 * Kind, size, both times to less than a microsecond, and inode, as git compares them. The second of the two times cannot be set by
 * a program.
 * @returns undefined for what is neither file nor link, and for what changed so lately that it might change once more
 *   within the same tick of the clock
 */
export function stampOf(stats: Stats): string | undefined {
  if (!stats.isFile() && !stats.isSymbolicLink()) return undefined;
  const { mode, size, mtimeMs, ctimeMs, ino } = stats;
  // A time in the future is no time to trust either.
  if (Date.now() - Math.max(mtimeMs, ctimeMs) < SETTLED_MS) return undefined;
  return `${mode} ${size} ${mtimeMs} ${ctimeMs} ${ino}`;
}
