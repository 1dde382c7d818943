/** The first look at what a transaction is about to change: which file it really is, and whether it is what was read. */
import { posix } from "node:path";
import { SecretsError } from "../errors.ts";
import { expectedOf, type FileChange, type FileState } from "./change.ts";
import { escapes } from "./inside.ts";
import { isRepoPath, type RepoPath, repoPath } from "./path.ts";
import type { Root } from "./root.ts";
import { changedUnderneath } from "./settle.ts";
import { canonicalPath, isEmptied, lookAt, obstacleTo, type Stamp } from "./target.ts";

export interface Aim {
  /** Without links in its directories. */
  readonly path: RepoPath;
  readonly before: FileState;
  readonly stamp: Stamp;
}

/**
 * @returns the aims, in the order of the changes
 * @throws SecretsError as `applyChanges` does for a target.
 */
export function* aimAtAll(root: Root, changes: readonly FileChange[]): Generator<Aim> {
  const removed = new Set<string>();
  // Checked whoever built the plan: one that was saved to a file and read back is only text.
  for (const { path, kind } of changes) if (kind === "remove") removed.add(repoPath(path));
  const canonicalRemoved = new Set([...removed].map((path) => canonicalPath(root, path as RepoPath)));
  const seen = new Set<RepoPath>();
  for (const change of changes) {
    if (change.kind === "link") checkTarget(change.path, change.target);
    const aim = aimAt(root, repoPath(change.path), removed, canonicalRemoved);
    if (seen.has(aim.path)) throw twice(aim.path);
    seen.add(aim.path);
    if (expectedOf(aim.before) !== change.expect) throw changedUnderneath(aim.path);
    if (change.kind === "remove" && aim.before.kind === "absent") throw changedUnderneath(aim.path);
    yield aim;
  }
}

function aimAt(root: Root, path: RepoPath, removed: ReadonlySet<string>, canonicalRemoved: ReadonlySet<RepoPath>): Aim {
  const ancestors = ancestorsOf(path);
  const going = ancestors.find((ancestor) => removed.has(ancestor));
  if (going !== undefined) {
    // It will lie in a directory that takes the place of a file or link: nothing can be there yet.
    const canonical = `${canonicalPath(root, going)}${path.slice(going.length)}` as RepoPath;
    return { path: canonical, before: { kind: "absent" }, stamp: "absent" };
  }
  const canonical = canonicalPath(root, path);
  const obstacle = obstacleTo(root, canonical);
  if (obstacle !== undefined) throw inTheWay(obstacle, "a file or link is where a directory has to be");
  const { state, stamp } = lookAt(root, canonical);
  if (state.kind === "other") throw inTheWay(canonical, "this is no regular file");
  if (state.kind !== "directory") return { path: canonical, before: state, stamp };
  if (!isEmptied(root, canonical, canonicalRemoved)) throw inTheWay(canonical, "a directory is where a file has to be");
  return { path: canonical, before: { kind: "absent" }, stamp };
}

/** From the outermost to the parent. */
function ancestorsOf(path: RepoPath): RepoPath[] {
  const ancestors: RepoPath[] = [];
  for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
    ancestors.push(path.slice(0, end) as RepoPath);
  }
  return ancestors;
}

function checkTarget(path: RepoPath, target: string): void {
  const resolved = posix.join(posix.dirname(path), target);
  if (target === "" || posix.isAbsolute(target) || !isRepoPath(resolved.replace(/\/$/, ""))) throw escapes(path);
}

function inTheWay(file: string, message: string): SecretsError {
  return new SecretsError("E_IN_THE_WAY", message, { location: { file }, hint: "move it away, then run it again" });
}

function twice(file: string): SecretsError {
  return new SecretsError("E_CHANGED_TWICE", "the plan changes this file twice", { location: { file } });
}
