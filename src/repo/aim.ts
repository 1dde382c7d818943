/** The first look at what a transaction is about to change: which file it really is, and whether it is what was read. */
import { posix } from "node:path";
import { SecretsError } from "../errors.ts";
import { expectedOf, type FileChange, type FileState } from "./change.ts";
import { escapes, holdDirectory, splitPath } from "./inside.ts";
import { isRepoPath, type RepoPath, repoPath } from "./path.ts";
import type { Root } from "./root.ts";
import { changedUnderneath } from "./settle.ts";
import { isEmptied, lookAt, type Stamp } from "./target.ts";

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
  const directories = new Directories(root);
  const canonicalRemoved = new Set([...removed].map((path) => directories.canonical(path as RepoPath)));
  const seen = new Set<RepoPath>();
  for (const change of changes) {
    if (change.kind === "link") checkTarget(change.path, change.target);
    const aim = aimAt(root, repoPath(change.path), directories, removed, canonicalRemoved);
    if (seen.has(aim.path)) throw twice(aim.path);
    seen.add(aim.path);
    if (expectedOf(aim.before) !== change.expect) throw changedUnderneath(aim.path);
    if (change.kind === "remove" && aim.before.kind === "absent") throw changedUnderneath(aim.path);
    yield aim;
  }
}

function aimAt(
  root: Root,
  path: RepoPath,
  directories: Directories,
  removed: ReadonlySet<string>,
  canonicalRemoved: ReadonlySet<RepoPath>,
): Aim {
  const ancestors = ancestorsOf(path);
  const going = ancestors.find((ancestor) => removed.has(ancestor));
  if (going !== undefined) {
    // It will lie in a directory that takes the place of a file or link: nothing can be there yet.
    const canonical = `${directories.canonical(going)}${path.slice(going.length)}` as RepoPath;
    return { path: canonical, before: { kind: "absent" }, stamp: "absent" };
  }
  const { there, obstacle } = directories.at(splitPath(path).directory);
  const canonical = directories.canonical(path);
  if (obstacle !== undefined) throw inTheWay(obstacle, "a file or link is where a directory has to be");
  if (!there) return { path: canonical, before: { kind: "absent" }, stamp: "absent" };
  const { state, stamp } = lookAt(root, canonical);
  if (state.kind === "other") throw inTheWay(canonical, "this is no regular file");
  if (state.kind !== "directory") return { path: canonical, before: state, stamp };
  if (!isEmptied(root, canonical, canonicalRemoved)) throw inTheWay(canonical, "a directory is where a file has to be");
  return { path: canonical, before: { kind: "absent" }, stamp };
}

interface Directory {
  /** Without links, as far as it exists. */
  readonly path: RepoPath | "";
  readonly there: boolean;
  /** A file or link that stands where it, or one above it, has to be. */
  readonly obstacle?: RepoPath;
}

/**
 * Each directory is looked at once, from the outermost inwards: a plan that makes a thousand files in new directories
 * would otherwise ask for each of those again and again. What moves meanwhile is seen when the change is made.
 */
class Directories {
  readonly #root: Root;
  readonly #known = new Map<RepoPath | "", Directory>();

  constructor(root: Root) {
    this.#root = root;
  }

  at(directory: RepoPath | ""): Directory {
    const known = this.#known.get(directory) ?? this.#look(directory);
    this.#known.set(directory, known);
    return known;
  }

  /** The path without links in its directories, as far as they exist. @throws SecretsError `E_PATH_ESCAPES` */
  canonical(path: RepoPath): RepoPath {
    const { directory, name } = splitPath(path);
    return below(this.at(directory).path, name);
  }

  #look(directory: RepoPath | ""): Directory {
    if (directory === "") return { path: "", there: true };
    const { directory: outer, name } = splitPath(directory);
    const parent = this.at(outer);
    const path = below(parent.path, name);
    if (!parent.there) return { ...parent, path };
    const held = holdDirectory(this.#root, directory);
    if (held !== undefined) {
      held.close();
      return { path: held.path as RepoPath, there: true };
    }
    const { kind } = lookAt(this.#root, path).state;
    return { path, there: false, ...(kind === "absent" || kind === "directory" ? {} : { obstacle: path }) };
  }
}

function below(directory: RepoPath | "", name: string): RepoPath {
  return (directory === "" ? name : `${directory}/${name}`) as RepoPath;
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
