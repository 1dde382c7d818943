/**
 * Moves every entry of a journal to one side, `after` or `before`. It can be stopped at any point and started again:
 * each entry is looked at first, and what is there already is left alone. Synchronous, so that no signal handler and
 * no other work of ours comes in between.
 */
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import type { FileState } from "./change.ts";
import { makeDurable } from "./durable.ts";
import { systemCode } from "./fault.ts";
import { holdDirectory, splitPath } from "./inside.ts";
import { type Direction, type Journal, type JournalEntry, transactionDirectory } from "./journal.ts";
import type { RepoPath } from "./path.ts";
import type { Root } from "./root.ts";
import { inDirectory, lookAt, obstacleTo, place, placeLink, removeFile, type Stamp, stampAt } from "./target.ts";

/** What the entries' targets looked like when they were read; a file with the same stamp need not be read again. */
export type Stamps = ReadonlyMap<RepoPath, Stamp>;

/**
 * @returns the paths that hold neither the one nor the other, because somebody else wrote them meanwhile. Going
 *   forward the first of them ends it with an error; going back they are left as they are.
 * @throws SecretsError `E_CHANGED_UNDERNEATH`; system errors as they are.
 */
export function settle(root: Root, journal: Journal, direction: Direction, stamps?: Stamps): readonly RepoPath[] {
  const foreign: RepoPath[] = [];
  const steps = journal.entries.map((entry, index) => stepOf(entry, index, journal, root, direction));
  // Going back, in reverse: a file may stand where a directory was made, or the other way round.
  if (direction === "undo") steps.reverse();
  // What goes comes first, for the same reason.
  const ordered = [
    ...steps.filter(({ to }) => to.kind === "absent"),
    ...steps.filter(({ to }) => to.kind !== "absent"),
  ];
  for (const step of ordered) {
    const found = whereStands(root, step, stamps?.get(step.path));
    if (found === "foreign" && direction === "apply") throw changedUnderneath(step.path);
    if (found === "foreign") foreign.push(step.path);
    if (found === "from") take(root, step);
    // Also for what was gone already: we may have been stopped between the file and its directory.
    if (found !== "foreign" && step.to.kind === "absent") pruneDirectories(root, step.path);
  }
  return foreign;
}

interface Step {
  readonly path: RepoPath;
  readonly from: FileState;
  readonly to: FileState;
  /** The file or link that becomes the target, unless that is to be absent, or is a link where nothing is. */
  readonly source: string;
}

function stepOf(entry: JournalEntry, index: number, journal: Journal, root: Root, direction: Direction): Step {
  const { path, before, after } = entry;
  if (direction === "apply") return { path, from: before, to: after, source: join(journal.staging, String(index)) };
  return { path, from: after, to: before, source: join(transactionDirectory(root), "old", String(index)) };
}

function whereStands(root: Root, step: Step, stamp: Stamp | undefined): "from" | "to" | "foreign" {
  if (stamp !== undefined && stampAt(root, step.path) === stamp) return "from";
  const { state } = lookAt(root, step.path);
  // The directory that took the place of a file that went.
  if (state.kind === "directory" && step.to.kind === "absent") return "to";
  if (state.kind === "directory" || state.kind === "other") return "foreign";
  const modeOnly = step.from.kind === "file" && step.to.kind === "file" && step.from.hash === step.to.hash;
  if (sameState(state, step.to, modeOnly)) return "to";
  if (!sameState(state, step.from, false)) return "foreign";
  // Nothing is there, and nothing can be put there either.
  return step.from.kind === "absent" && obstacleTo(root, step.path) !== undefined ? "foreign" : "from";
}

/** Modes count only where they are the change: some file systems do not keep them. */
function sameState(a: FileState, b: FileState, withMode: boolean): boolean {
  if (a.kind === "file" && b.kind === "file") return a.hash === b.hash && (!withMode || a.mode === b.mode);
  if (a.kind === "link" && b.kind === "link") return a.target === b.target;
  return a.kind === b.kind;
}

function take(root: Root, { path, from, to, source }: Step): void {
  try {
    if (to.kind === "absent") {
      removeFile(root, path);
    } else {
      makeDirectories(root, path);
      if (to.kind === "link" && from.kind === "absent") placeLink(root, path, to.target);
      else place(root, path, source, from.kind !== "absent");
    }
  } catch (error) {
    if (systemCode(error) === "EEXIST") throw changedUnderneath(path, error);
    throw error;
  }
}

/** Removes the directories that the removal of `path` left empty, never the root. */
function pruneDirectories(root: Root, path: RepoPath): void {
  for (let { directory } = splitPath(path); directory !== ""; { directory } = splitPath(directory)) {
    try {
      inDirectory(root, directory, (name) => rmdirSync(name));
    } catch (error) {
      // The disk may have failed between a directory that was made and the one to be made in it: only the outer is there.
      if (isMissing(error)) continue;
      // Not empty, or in use: it stays, as git would leave it.
      return;
    }
  }
}

function isMissing(error: unknown): boolean {
  if (error instanceof SecretsError) return error.code === "E_CHANGED_UNDERNEATH";
  return systemCode(error) === "ENOENT";
}

function makeDirectories(root: Root, path: RepoPath): void {
  const { directory } = splitPath(path);
  if (directory === "") return;
  const held = holdDirectory(root, directory);
  if (held !== undefined) {
    held.close();
    return;
  }
  makeDirectories(root, directory);
  inDirectory(root, directory, (name) => mkdirSync(name));
}

/** Flushes what `settle` did. */
export function makeSettled(root: Root, journal: Journal): void {
  const parents = new Set(journal.entries.map(({ path }) => splitPath(path).directory));
  const directories = new Set<string>();
  for (const parent of parents) {
    // Of a directory that was removed, its nearest parent tells of it.
    let directory = parent;
    while (directory !== "" && lookAt(root, directory).state.kind !== "directory")
      ({ directory } = splitPath(directory));
    directories.add(directory === "" ? root.path : join(root.path, directory));
  }
  makeDurable([...directories]);
}

/** @throws SecretsError `E_VERIFY` when a file, read back, is not what was to be written. */
export function verifySettled(root: Root, journal: Journal): void {
  for (const { path, after } of journal.entries) {
    const { state } = lookAt(root, path);
    const gone = after.kind === "absent" && state.kind === "directory";
    if (gone || (state.kind !== "directory" && state.kind !== "other" && sameState(state, after, false))) continue;
    throw new SecretsError("E_VERIFY", "what was written did not read back the same", {
      location: { file: path },
      hint: "the disk or file system may be failing; the change was taken back",
    });
  }
}

export function changedUnderneath(path: string, cause?: unknown): SecretsError {
  return new SecretsError("E_CHANGED_UNDERNEATH", "this file changed while the command ran; nothing was written", {
    kind: "conflict",
    location: { file: path },
    hint: "run the command again",
    cause,
  });
}
