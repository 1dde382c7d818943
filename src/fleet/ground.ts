/** What the fleet is read from: the work tree, or the git index. The model above does not know which. */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import { type ListedFile, listIndex, listUntracked, readBlobs } from "../repo/git.ts";
import { kindOf, readLinkText, repoPath } from "../repo/path.ts";
import { readRepoFile } from "../repo/read.ts";
import { findRoot } from "../repo/root.ts";
import { walkDirectory } from "../repo/walk.ts";

export interface GroundFile {
  /** Relative to the root, `/` between components. */
  readonly path: string;
  readonly kind: "file" | "link";
  readonly tracked: boolean;
  readonly executable: boolean;
}

export interface Ground {
  /** Absolute. */
  readonly root: string;
  /** Every file and link, tracked or neither tracked nor ignored, sorted by path. */
  list(): Promise<readonly GroundFile[]>;
  /** @throws SecretsError `E_FILE_MISSING`, `E_OUTSIDE`, `E_PATH`, `E_TOO_LARGE` */
  read(path: string): Promise<Uint8Array>;
  /** The raw text of a link. @throws SecretsError `E_FILE_MISSING` */
  readLink(path: string): Promise<string>;
  kind(path: string): Promise<"file" | "directory" | "link" | "missing">;
}

/** The work tree that `start` lies in. @throws SecretsError `E_NO_FLEET` */
export async function workTree(start: string): Promise<Ground> {
  const { path: root, gitDirectory } = await findRoot(start);
  // One look per directory: ten thousand documents lie in far fewer, and nobody moves them while one command reads.
  const safe = new Set<string>();
  return {
    root,
    list: async () => (gitDirectory === undefined ? walkDirectory(root) : listWorkTree(root)),
    read: (path) => readRepoFile(root, repoPath(path), safe),
    readLink: (path) => readLinkText(root, repoPath(path), safe),
    kind: (path) => kindOf(root, repoPath(path), safe),
  };
}

async function listWorkTree(root: string): Promise<GroundFile[]> {
  const [index, untracked] = await Promise.all([listIndex(root), listUntracked(root)]);
  const files: GroundFile[] = index.map(({ path, kind, executable }) => ({ path, kind, tracked: true, executable }));
  for (const path of untracked) {
    const status = await lstat(join(root, path)).catch(() => undefined);
    if (status === undefined) continue;
    files.push({
      path,
      kind: status.isSymbolicLink() ? "link" : "file",
      tracked: false,
      executable: (status.mode & 0o100) !== 0,
    });
  }
  return files.sort(byPath);
}

/** What `git commit` would record: the index alone. @throws SecretsError `E_NO_FLEET`, `E_GIT` */
export async function stagedTree(start: string): Promise<Ground> {
  const { path: root, gitDirectory } = await findRoot(start);
  if (gitDirectory === undefined) {
    throw new SecretsError("E_GIT", "there is no git index here: this fleet is not in git", { kind: "usage" });
  }
  const entries = new Map((await listIndex(root)).map((file) => [file.path, file]));
  const contents = new Map<string, Buffer>();
  const read = async (path: string, kind: "file" | "link"): Promise<Buffer> => {
    const entry = entries.get(repoPath(path));
    if (entry?.blob === undefined || entry.kind !== kind) {
      throw new SecretsError("E_FILE_MISSING", `there is no such ${kind} in the index`, { location: { file: path } });
    }
    // One git process for all of them: the first reader pays, the others find it done.
    if (contents.size === 0) await readAll(root, entries, contents);
    return contents.get(path) ?? Buffer.alloc(0);
  };
  return {
    root,
    list: async () =>
      [...entries.values()]
        .map(({ path, kind, executable }) => ({ path, kind, tracked: true, executable }))
        .sort(byPath),
    read: (path) => read(path, "file"),
    readLink: async (path) => (await read(path, "link")).toString("utf8"),
    kind: async (path) => {
      const entry = entries.get(path);
      if (entry !== undefined) return entry.kind;
      for (const known of entries.keys()) if (known.startsWith(`${path}/`)) return "directory";
      return "missing";
    },
  };
}

async function readAll(root: string, entries: Map<string, ListedFile>, into: Map<string, Buffer>): Promise<void> {
  const files = [...entries.values()];
  const blobs = await readBlobs(
    root,
    files.map((file) => file.blob ?? ""),
  );
  for (const [index, file] of files.entries()) into.set(file.path, blobs[index] ?? Buffer.alloc(0));
}

function byPath(a: GroundFile, b: GroundFile): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
