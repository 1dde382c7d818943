/** What the work tree itself has of a listing: git lists what its index holds. */
import { lstatSync, type Stats } from "node:fs";
import { systemCode } from "./fault.ts";
import type { ListedFile } from "./git.ts";
import type { Root } from "./root.ts";

/**
 * Without the files that were deleted since, and each as what it is now: a link may have become a file. What the index
 * holds for a file that changed its kind is left out. Untracked files are listed from the disk already.
 */
export function onDisk(root: Root, files: readonly ListedFile[]): ListedFile[] {
  return files.flatMap((file): ListedFile[] => {
    if (!file.tracked || file.sparse || file.kind === "submodule") return [file];
    const kind = kindNow(root, file);
    if (kind === undefined) return [];
    return [kind === file.kind ? file : { ...file, kind, blob: undefined }];
  });
}

/** Undefined for what is gone, or a folder now: git lists what is in that as untracked. */
function kindNow(root: Root, { path, kind }: ListedFile): ListedFile["kind"] | undefined {
  let stats: Stats | undefined;
  try {
    stats = lstatSync(`${root.path}/${path}`, { throwIfNoEntry: false });
  } catch (error) {
    // Something is there that cannot be looked at. Whoever reads it is told why.
    if (["EACCES", "ELOOP", "EPERM"].includes(systemCode(error) ?? "")) return kind;
    throw error;
  }
  if (stats === undefined || stats.isDirectory()) return undefined;
  if (stats.isSymbolicLink()) return "link";
  return (stats.mode & 0o111) === 0 ? "file" : "executable";
}
