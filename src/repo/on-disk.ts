/** A listing of the work tree as it is on disk now: git lists what its index holds. */
import { lstatSync, type Stats } from "node:fs";
import { systemCode } from "./fault.ts";
import { hasGit, type ListedFile, listTracked, listUntracked, sortByBytes } from "./git.ts";
import type { Root } from "./root.ts";
import { stampOf } from "./stamp.ts";
import { walkFiles } from "./walk.ts";

export interface OnDisk {
  /** Sorted by path, bytewise. */
  readonly files: readonly ListedFile[];
  /** By path, of what has one: see `stampOf`. Taken before anything was read. */
  readonly stamps: ReadonlyMap<string, string>;
}

/**
 * Tracked files that are there, each as what it is now (a link may have become a file), and untracked ones that are not
 * ignored. What the index holds for a file that changed its kind is left out.
 * @throws SecretsError `E_GIT`, and what `walkFiles` throws
 */
export async function listOnDisk(root: Root): Promise<OnDisk> {
  const stamps = new Map<string, string>();
  if (!hasGit(root)) return { files: lookAt(root, walkFiles(root).files, stamps), stamps };
  // Our own look at the tracked files happens while git walks through the work tree for the others.
  const others = listUntracked(root);
  // Its failure is met where it is awaited; until then it must not count as unhandled.
  others.catch(() => {});
  const tracked = lookAt(root, (await listTracked(root)).files, stamps);
  const untracked = lookAt(root, (await others).files, stamps);
  return { files: sortByBytes([...tracked, ...untracked]), stamps };
}

function lookAt(root: Root, files: readonly ListedFile[], stamps: Map<string, string>): ListedFile[] {
  const there: ListedFile[] = [];
  for (const file of files) {
    if (file.sparse || file.kind === "submodule") {
      there.push(file);
      continue;
    }
    const stats = statsOf(root, file);
    if (stats === "hidden") there.push(file);
    if (stats === undefined || stats === "hidden") continue;
    const kind = kindOfStats(stats);
    const stamp = stampOf(stats);
    if (stamp !== undefined) stamps.set(file.path, stamp);
    there.push(kind === file.kind || !file.tracked ? file : { ...file, kind, blob: undefined });
  }
  return there;
}

/** Undefined for what is gone, or a folder now: git lists what is in that as untracked. */
function statsOf(root: Root, { path }: ListedFile): Stats | "hidden" | undefined {
  try {
    const stats = lstatSync(`${root.path}/${path}`, { throwIfNoEntry: false });
    return stats?.isDirectory() ? undefined : stats;
  } catch (error) {
    // Something is there that cannot be looked at. Whoever reads it is told why.
    if (["EACCES", "ELOOP", "EPERM"].includes(systemCode(error) ?? "")) return "hidden";
    throw error;
  }
}

function kindOfStats(stats: Stats): ListedFile["kind"] {
  if (stats.isSymbolicLink()) return "link";
  return (stats.mode & 0o111) === 0 ? "file" : "executable";
}
