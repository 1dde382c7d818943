/** What the fleet is read from: the work tree, or the git index. The model above does not know which. */
import { SecretsError } from "../errors.ts";
import { type ListedFile, listFiles } from "../repo/git.ts";
import { listOnDisk } from "../repo/on-disk.ts";
import { repoPath } from "../repo/path.ts";
import { kindOf, readLinkTarget, readRepoFile } from "../repo/read.ts";
import { findRoot, type Root } from "../repo/root.ts";
import { readStateFile, writeStateFile } from "../repo/state-file.ts";
import type { DocumentFacts } from "./document.ts";
import type { MemoryPlace } from "./facts-memory.ts";
import { readAhead } from "./read-ahead.ts";

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
  /** Every file and link that is there, tracked or neither tracked nor ignored, sorted by path. */
  list(): Promise<readonly GroundFile[]>;
  /** @throws SecretsError `E_NOT_FOUND`, `E_PATH_ESCAPES`, `E_NOT_A_FILE`, `E_TOO_LARGE` */
  read(path: string): Promise<Uint8Array>;
  /** The raw text of a link. @throws SecretsError `E_NOT_FOUND` */
  readLink(path: string): Promise<string>;
  kind(path: string): Promise<"file" | "directory" | "link" | "missing">;
  /** What a document said when it was read before, for files that are the same still: they are not read again. */
  known?(path: string): DocumentFacts | undefined;
  /** Where what was learnt of unchanged files may be kept; a ground without one is read anew each time. */
  readonly memory?: MemoryPlace;
}

/** A work tree can be written to as well, by who has its root. */
export interface WorkTree extends Ground {
  readonly repository: Root;
}

/**
 * The work tree that `start` lies in.
 * @param program the version of this program, by which what is remembered of unchanged files is told from another's
 * @throws SecretsError `E_NO_FLEET`
 */
export async function workTree(start: string, program: string): Promise<WorkTree> {
  const root = await findRoot(start);
  let stamps: ReadonlyMap<string, string> = new Map();
  return {
    root: root.path,
    repository: root,
    list: async () => {
      const listed = await listOnDisk(root);
      stamps = listed.stamps;
      return listed.files.filter(isOurs).map(groundFile);
    },
    read: (path) => readRepoFile(root, repoPath(path)),
    readLink: async (path) => (await readLinkTarget(root, repoPath(path))) ?? missing("link", path),
    kind: async (path) => {
      const kind = await kindOf(root, repoPath(path));
      if (kind === "absent") return "missing";
      // A pipe or a device is a file that cannot be read: reading it says so.
      return kind === "other" ? "file" : kind;
    },
    memory: {
      program,
      stamp: (path) => stamps.get(path),
      load: () => readStateFile(root, "facts.json"),
      store: (bytes) => writeStateFile(root, "facts.json", bytes),
    },
  };
}

/** What `git commit` would record: the index alone. @throws SecretsError `E_NO_FLEET`, `E_GIT` */
export async function stagedTree(start: string): Promise<Ground> {
  const root = await findRoot(start);
  if (root.git === undefined) {
    throw new SecretsError("E_GIT", "there is no git index here: this fleet is not in git", { kind: "usage" });
  }
  const files = (await listFiles(root)).files.filter((file) => isOurs(file) && file.blob !== undefined);
  const entries = new Map<string, ListedFile>(files.map((file) => [file.path, file]));
  const directories = new Set(files.flatMap((file) => parentsOf(file.path)));
  const content = readAhead(root, files);
  const read = async (path: string, kind: "file" | "link"): Promise<Uint8Array> => {
    const entry = entries.get(path);
    return entry === undefined || groundFile(entry).kind !== kind ? missing(kind, path) : content(entry);
  };
  return {
    root: root.path,
    list: async () => files.map(groundFile),
    read: (path) => read(path, "file"),
    readLink: async (path) => Buffer.from(await read(path, "link")).toString("utf8"),
    kind: async (path) => {
      const entry = entries.get(path);
      if (entry !== undefined) return groundFile(entry).kind;
      return directories.has(path) ? "directory" : "missing";
    },
  };
}

/** A submodule is another repository; what a sparse checkout left out is not here to be read. */
function isOurs(file: ListedFile): boolean {
  return file.kind !== "submodule" && !file.sparse;
}

function groundFile({ path, kind, tracked }: ListedFile): GroundFile {
  return { path, kind: kind === "link" ? "link" : "file", tracked, executable: kind === "executable" };
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1))
    parents.push(path.slice(0, slash));
  return parents;
}

function missing(kind: "file" | "link", path: string): never {
  throw new SecretsError("E_NOT_FOUND", `there is no such ${kind}`, { location: { file: path } });
}
