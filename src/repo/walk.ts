/** Listing a fleet that is not in git: every file and link below a directory, within bounds. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";

export interface WalkedFile {
  readonly path: string;
  readonly kind: "file" | "link";
  readonly tracked: false;
  readonly executable: false;
}

const SKIPPED = new Set([".git", "node_modules", ".secrets-state", ".direnv"]);
const MAX_FILES = 200_000;

/** Links are listed, never followed. @throws SecretsError `E_TOO_MANY_FILES` beyond 200,000 files. */
export async function walkDirectory(root: string): Promise<WalkedFile[]> {
  const files: WalkedFile[] = [];
  const waiting = [""];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const entry of await readdir(join(root, directory), { withFileTypes: true })) {
      const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) waiting.push(path);
      } else if (entry.isFile() || entry.isSymbolicLink()) {
        files.push({ path, kind: entry.isFile() ? "file" : "link", tracked: false, executable: false });
      }
      if (files.length > MAX_FILES) {
        throw new SecretsError("E_TOO_MANY_FILES", `there are more than ${MAX_FILES} files below this directory`, {
          location: { file: root },
          hint: "run this inside the fleet's repository, or put the fleet under git",
        });
      }
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
