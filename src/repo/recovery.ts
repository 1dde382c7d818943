/** Finishing or taking back what a run that was killed left half-way. */
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import { makeDurable } from "./durable.ts";
import { toFault } from "./fault.ts";
import { type Journal, lastDirectory, readJournal, transactionDirectory, turnRound } from "./journal.ts";
import { takeLock } from "./lock.ts";
import type { RepoPath } from "./path.ts";
import type { Root } from "./root.ts";
import { makeSettled, settle, verifySettled } from "./settle.ts";

export interface Recovery {
  readonly outcome: "clean" | "finished" | "undone";
  /** What the interrupted run was; empty when clean, or killed before it had written it down. */
  readonly command: string;
  /** Files that somebody else wrote since; they were left as they are. */
  readonly left: readonly RepoPath[];
}

const CLEAN: Recovery = { outcome: "clean", command: "", left: [] };

/**
 * To be called before a command does anything else. Costs one look when there is nothing to do.
 * @throws SecretsError `E_LOCKED` when the run is not dead but busy, `E_JOURNAL`, `E_RECOVERY`.
 */
export async function recover(root: Root): Promise<Recovery> {
  if (!existsSync(transactionDirectory(root))) return CLEAN;
  const lock = takeLock(root, "secrets (recovery)");
  try {
    return recoverLocked(root);
  } finally {
    lock.release();
  }
}

/** `recover` for one who holds the lock. */
export function recoverLocked(root: Root): Recovery {
  const directory = transactionDirectory(root);
  try {
    sweepStaging(root);
    if (!existsSync(directory)) return CLEAN;
    const found = readJournal(directory);
    if (found === undefined) {
      rmSync(directory, { recursive: true });
      return { ...CLEAN, outcome: "undone" };
    }
    const { journal, direction } = found;
    if (direction === "apply" && finish(root, journal))
      return { outcome: "finished", command: journal.command, left: [] };
    if (direction === "apply") turnRound(directory);
    return { outcome: "undone", command: journal.command, left: undo(root, journal) };
  } catch (error) {
    const fault = toFault(error, "finish or undo the change that was interrupted");
    if (fault.kind === "recovery") throw fault;
    throw new SecretsError("E_RECOVERY", `an interrupted change could not be mended: ${fault.message}`, {
      kind: "recovery",
      hint: fault.hint ?? "mend the cause, then run any command again",
      cause: error,
      ...(fault.location === undefined ? {} : { location: fault.location }),
    });
  }
}

/** @returns false when a file holds something else by now: then the whole change goes back, and that file stays. */
function finish(root: Root, journal: Journal): boolean {
  try {
    settle(root, journal, "apply");
    verifySettled(root, journal);
  } catch (error) {
    if (error instanceof SecretsError) return false;
    throw error;
  }
  makeSettled(root, journal);
  retire(root, journal);
  return true;
}

/** Takes the change back; the record must have been turned round. @returns the files that are somebody else's by now. */
export function undo(root: Root, journal: Journal): readonly RepoPath[] {
  const left = settle(root, journal, "undo");
  makeSettled(root, journal);
  removeStaging(root, journal);
  rmSync(transactionDirectory(root), { recursive: true, force: true });
  return left;
}

/** The record of a finished transaction becomes that of the last change. */
export function retire(root: Root, journal: Journal): void {
  const last = lastDirectory(root);
  const old = `${last}.old`;
  removeStaging(root, journal);
  rmSync(old, { recursive: true, force: true });
  if (existsSync(last)) renameSync(last, old);
  renameSync(transactionDirectory(root), last);
  rmSync(old, { recursive: true, force: true });
  makeDurable([root.state]);
}

/** A name of its own at the root, for when the state is kept on another file system than the work tree. */
export const STAGING_PREFIX = ".secrets-staging-";

function removeStaging(root: Root, journal: Journal): void {
  // The path comes from a file: only a directory that we could have made is removed.
  const inside = join(transactionDirectory(root), "new");
  const beside = journal.staging.startsWith(join(root.path, STAGING_PREFIX)) && !journal.staging.includes("/..");
  if (journal.staging === inside || beside) rmSync(journal.staging, { recursive: true, force: true });
}

/** Staging beside the work tree of a run that was killed before it had a record. */
function sweepStaging(root: Root): void {
  const named = readJournal(transactionDirectory(root))?.journal.staging;
  for (const name of readdirSync(root.path)) {
    const path = join(root.path, name);
    if (name.startsWith(STAGING_PREFIX) && path !== named) rmSync(path, { recursive: true, force: true });
  }
}
