/** How a run ends: one table for the code, the help text and the README. Frozen: scripts depend on it. */
import { type ErrorKind, SecretsError } from "../errors.ts";

export const EXIT = {
  done: 0,
  findings: 1,
  failed: 2,
  usage: 3,
  identity: 4,
  conflict: 5,
  recovery: 6,
  interrupted: 130,
} as const;

/** Rows of the table as `secrets --help` and the README show it. */
export const EXIT_TABLE: readonly (readonly [number, string])[] = [
  [EXIT.done, "done, or nothing to do"],
  [EXIT.findings, "it ran, and found something (check)"],
  [EXIT.failed, "it could not be done: corrupt file, bad configuration, input or output failed"],
  [EXIT.usage, "the command line is wrong, or a question could not be asked here"],
  [EXIT.identity, "no identity of yours opens what has to be opened"],
  [EXIT.conflict, "the repository moved or another writer holds the lock: try again"],
  [EXIT.recovery, "a change was left half-way and needs the next command to finish or undo it"],
  [EXIT.interrupted, "interrupted, after cleaning up (143 for SIGTERM)"],
];

const OF_KIND: Record<ErrorKind, number> = {
  failed: EXIT.failed,
  usage: EXIT.usage,
  identity: EXIT.identity,
  conflict: EXIT.conflict,
  recovery: EXIT.recovery,
  interrupted: EXIT.interrupted,
};

/** The exit code of a thrown value; anything that is not ours is a failure. */
export function exitCodeOf(error: unknown): number {
  return error instanceof SecretsError ? OF_KIND[error.kind] : EXIT.failed;
}
