/**
 * Applies changes whole or not at all:
 *
 * 1. Every target is looked at, and must be what the plan expects. Its old content gets a second name in `old/`.
 * 2. New contents are staged in `new/` and made durable. Until here the work tree is untouched.
 * 3. The record gets its name: the commit point.
 * 4. Staged files move into place, are read back, and the moves are made durable.
 * 5. The record is kept as that of the last change.
 *
 * An error in 1 and 2 removes what was staged; an error in 4 takes everything back; a kill at any instruction is mended
 * by `recovery.ts`. From 3 on nothing is awaited, so a signal is acted on when all is done.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import type { FileChange } from "./change.ts";
import { atEnd } from "./ending.ts";
import { toFault } from "./fault.ts";
import { type Journal, transactionDirectory, turnRound, writeJournal } from "./journal.ts";
import { type Lock, takeLock } from "./lock.ts";
import { recoverLocked, retire, STAGING_PREFIX, undo } from "./recovery.ts";
import type { Root } from "./root.ts";
import { changedUnderneath, makeSettled, type Stamps, settle, verifySettled } from "./settle.ts";
import { onSameFileSystem, type Staged, stageChanges } from "./stage.ts";
import { stampAt } from "./target.ts";

export interface ApplyOptions {
  /** What the person ran, for the lock and the record; no values. */
  readonly command: string;
  /** For a caller that holds the lock already; it has called `recoverLocked` then. */
  readonly lock?: Lock;
  readonly now?: Date;
}

/**
 * @throws SecretsError `E_CHANGED_UNDERNEATH` and `E_LOCKED` (kind `conflict`), `E_PATH`, `E_PATH_ESCAPES`,
 *   `E_IN_THE_WAY`, `E_CHANGED_TWICE`, `E_NO_SPACE`, `E_READ_ONLY`, `E_NO_PERMISSION`, `E_IO`, `E_VERIFY`: the work tree
 *   is as it was. `E_RECOVERY` (kind `recovery`): it could not be put back; the next command tries again.
 */
export async function applyChanges(root: Root, changes: readonly FileChange[], options: ApplyOptions): Promise<void> {
  if (changes.length === 0) return;
  const lock = options.lock ?? takeLock(root, options.command);
  try {
    if (options.lock === undefined) recoverLocked(root);
    const { journal, stamps } = await prepare(root, changes, options, lock);
    commit(root, journal, stamps);
  } finally {
    if (options.lock === undefined) lock.release();
  }
}

async function prepare(
  root: Root,
  changes: readonly FileChange[],
  options: ApplyOptions,
  lock: Lock,
): Promise<Staged & { journal: Journal }> {
  const directory = transactionDirectory(root);
  const old = join(directory, "old");
  const staging = onSameFileSystem(root.state, root.path)
    ? join(directory, "new")
    : join(root.path, `${STAGING_PREFIX}${randomUUID()}`);
  const discard = () => {
    // The record first: without its staged files it would promise what nobody can keep.
    for (const path of [join(directory, "apply.json"), staging, directory])
      rmSync(path, { recursive: true, force: true });
  };
  const forget = atEnd(discard);
  try {
    for (const path of [directory, old, staging]) mkdirSync(path, { mode: 0o700 });
    const staged = await stageChanges(root, changes, old, staging);
    const time = (options.now ?? new Date()).toISOString();
    const journal: Journal = { version: 1, command: options.command, time, staging, entries: staged.entries };
    lock.assertHeld();
    for (const { path } of journal.entries) {
      if (stampAt(root, path) !== staged.stamps.get(path)) throw changedUnderneath(path);
    }
    writeJournal(directory, journal);
    return { ...staged, journal };
  } catch (error) {
    discard();
    throw toFault(error, "prepare the change");
  } finally {
    forget();
  }
}

function commit(root: Root, journal: Journal, stamps: Stamps): void {
  try {
    settle(root, journal, "apply", stamps);
    verifySettled(root, journal);
    makeSettled(root, journal);
  } catch (error) {
    rollBack(root, journal, error);
    throw toFault(error, "apply the change");
  }
  try {
    retire(root, journal);
  } catch {
    // All is written, read back and durable. The record is still there, and the next run files it.
  }
}

function rollBack(root: Root, journal: Journal, cause: unknown): void {
  try {
    turnRound(transactionDirectory(root));
    undo(root, journal);
  } catch (second) {
    const { message } = toFault(second, "put the old files back");
    throw new SecretsError("E_RECOVERY", `the change failed half-way, and could not be taken back: ${message}`, {
      kind: "recovery",
      hint: "mend the cause (disk full, read-only, failing), then run any command: it finishes or undoes the change",
      cause,
    });
  }
}
