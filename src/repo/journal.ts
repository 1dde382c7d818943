/**
 * The record of a transaction, in `<state>/transaction/` while it runs:
 *
 *     new/N          the staged file or link of entry N, until it is moved into place
 *     old/N          what entry N was before: a hard link or a copy of the file, or the same link
 *     apply.json     the record; the moment it gets this name is the commit point
 *     undo.json      the same record under the name that turns the direction round
 *
 * Without a record, nothing in the work tree was touched yet. When a transaction is done the directory becomes
 * `<state>/last/`, which holds all that is needed to take the change back.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import type { FileState } from "./change.ts";
import { makeDurable } from "./durable.ts";
import { systemCode } from "./fault.ts";
import { isRepoPath, type RepoPath } from "./path.ts";
import type { Root } from "./root.ts";

export interface JournalEntry {
  readonly path: RepoPath;
  readonly before: FileState;
  readonly after: FileState;
}

export interface Journal {
  readonly version: 1;
  /** What the person ran, without values. */
  readonly command: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** Where `new/` is: the transaction's own directory, or one beside the targets when that is another file system. */
  readonly staging: string;
  readonly entries: readonly JournalEntry[];
}

export type Direction = "apply" | "undo";

export function transactionDirectory(root: Root): string {
  return join(root.state, "transaction");
}

export function lastDirectory(root: Root): string {
  return join(root.state, "last");
}

/** The commit point: before it returns the record is durable, and before it renames there is none. */
export function writeJournal(directory: string, journal: Journal): void {
  const draft = join(directory, "apply.json.draft");
  const handle = openSync(draft, "wx", 0o600);
  try {
    writeFileSync(handle, `${JSON.stringify(journal, undefined, 1)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, join(directory, "apply.json"));
  makeDurable([directory]);
}

/** From now on the transaction is to be undone, whoever goes on with it. */
export function turnRound(directory: string): void {
  renameSync(join(directory, "apply.json"), join(directory, "undo.json"));
  makeDurable([directory]);
}

/**
 * @returns undefined when there is no record
 * @throws SecretsError `E_JOURNAL` of kind `recovery` for a record that we did not write like this.
 */
export function readJournal(directory: string): { journal: Journal; direction: Direction } | undefined {
  for (const direction of ["undo", "apply"] as const) {
    const path = join(directory, `${direction}.json`);
    const text = readIfThere(path);
    if (text === undefined) continue;
    const journal = parse(text);
    if (isJournal(journal)) return { journal, direction };
    throw new SecretsError("E_JOURNAL", "the record of an interrupted change cannot be understood", {
      kind: "recovery",
      location: { file: path },
      hint: `it was written by another version, or damaged: check the work tree with git, then remove ${directory}`,
    });
  }
  return undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isJournal(value: unknown): value is Journal {
  if (!isRecord(value) || value["version"] !== 1 || !Array.isArray(value["entries"])) return false;
  const texts = ["command", "time", "staging"];
  if (!texts.every((name) => typeof value[name] === "string")) return false;
  return value["entries"].every(
    (entry: unknown) =>
      isRecord(entry) &&
      typeof entry["path"] === "string" &&
      isRepoPath(entry["path"]) &&
      isState(entry["before"]) &&
      isState(entry["after"]),
  );
}

function isState(value: unknown): value is FileState {
  if (!isRecord(value)) return false;
  if (value["kind"] === "file") return typeof value["hash"] === "string" && typeof value["mode"] === "number";
  return value["kind"] === "absent" || (value["kind"] === "link" && typeof value["target"] === "string");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
