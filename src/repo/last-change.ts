/**
 * Taking back the last change. Its record is `<state>/last/apply.json` (a `Journal`): for every path the state before
 * and after, and in `<state>/last/old/N` the content that entry N had before.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import { contentHash, expectedOf, type FileChange } from "./change.ts";
import { toFault } from "./fault.ts";
import { lastDirectory, readJournal } from "./journal.ts";
import type { Root } from "./root.ts";

export interface LastChange {
  readonly command: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** What applied takes it back; refused by `applyChanges` when anything has touched one of the files since. */
  readonly reverse: readonly FileChange[];
}

/** @returns undefined when nothing was changed yet on this clone. @throws SecretsError `E_JOURNAL`, `E_NOT_FOUND`, `E_IO`. */
export async function readLastChange(root: Root): Promise<LastChange | undefined> {
  const directory = lastDirectory(root);
  try {
    const journal = readJournal(directory)?.journal;
    if (journal === undefined) return undefined;
    const reverse = journal.entries.map(({ path, before, after }, index): FileChange => {
      const expect = expectedOf(after);
      if (before.kind === "absent") return { kind: "remove", path, expect };
      if (before.kind === "link") return { kind: "link", path, target: before.target, expect };
      const bytes = readFileSync(join(directory, "old", String(index)));
      if (contentHash(bytes) !== before.hash) throw damaged(path);
      return { kind: "write", path, bytes, mode: before.mode, expect };
    });
    return { command: journal.command, time: journal.time, reverse };
  } catch (error) {
    throw toFault(error, "read the record of the last change");
  }
}

/** It is a second name of the old file where that was possible: whoever wrote into that by a third name changed it. */
function damaged(path: string): SecretsError {
  return new SecretsError(
    "E_JOURNAL",
    "what was kept of this file for taking back the last change is not what it was",
    {
      location: { file: path },
      hint: "take the change back with git: git log -- FILE shows what the file was",
    },
  );
}
