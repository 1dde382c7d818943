/** Whether the last commit holds files as they lie in the work tree, told without the filters that git would start. */
import { createHash } from "node:crypto";
import { git, hasGit } from "./git.ts";
import type { RepoPath } from "./path.ts";
import { kindOf, readLinkTarget, readRepoFile } from "./read.ts";
import type { Root } from "./root.ts";

/**
 * True when each of the paths is in the last commit as it is in the work tree, or is in neither. False where there is no
 * git or no commit, and for files that git stores otherwise than they lie here (filters, line ends).
 * @throws SecretsError what git and reading throw
 */
export async function areCommitted(root: Root, paths: readonly RepoPath[]): Promise<boolean> {
  const commit = hasGit(root) ? await lastCommit(root) : undefined;
  if (commit === undefined) return false;
  const ids = new Map<string, string>();
  // `MODE SP TYPE SP ID TAB PATH NUL`; all of it, since a thousand paths may be asked for.
  for (const line of (await git(root, ["ls-tree", "-r", "-z", "--full-tree", commit])).toString("utf8").split("\0")) {
    const tab = line.indexOf("\t");
    ids.set(line.slice(tab + 1), line.slice(0, tab).split(" ")[2] ?? "");
  }
  for (const path of paths) {
    const content = await contentOf(root, path);
    const id = ids.get(path);
    if (content === undefined ? id !== undefined : id !== blobId(content, commit.length)) return false;
  }
  return true;
}

/** Undefined before the first commit. */
async function lastCommit(root: Root): Promise<string | undefined> {
  const id = (await git(root, ["rev-list", "--max-count=1", "--ignore-missing", "HEAD"])).toString("latin1").trim();
  return id === "" ? undefined : id;
}

async function contentOf(root: Root, path: RepoPath): Promise<Uint8Array | undefined> {
  const kind = await kindOf(root, path);
  if (kind === "file") return readRepoFile(root, path);
  return kind === "link" ? Buffer.from((await readLinkTarget(root, path)) ?? "") : undefined;
}

/** @param digits of an id in this repository: 40 for SHA-1, 64 for SHA-256 */
function blobId(content: Uint8Array, digits: number): string {
  const hash = createHash(digits === 40 ? "sha1" : "sha256");
  return hash.update(`blob ${content.length}\0`).update(content).digest("hex");
}
