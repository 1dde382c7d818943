/** The files of a directory that no git looks after. */
import { readdirSync } from "node:fs";
import { SecretsError } from "../errors.ts";
import { toFault } from "./fault.ts";
import type { ListedFile, Listing } from "./git.ts";
import { isRepoPath } from "./path.ts";
import type { Root } from "./root.ts";

/** Far above any fleet; a directory that is no fleet (a home, a whole disk) ends here and not after an hour. */
const MAX_FILES = 200_000;
const MAX_DEPTH = 64;
const SKIPPED = new Set([".git", "node_modules"]);

/** @throws SecretsError `E_TOO_MANY_FILES`. Links are listed and never followed. */
export function walkFiles(root: Root): Listing {
  const files: ListedFile[] = [];
  const refused: string[] = [];
  const visit = (directory: string, depth: number): void => {
    for (const entry of readdirSync(`${root.path}/${directory}`, { withFileTypes: true, encoding: "buffer" })) {
      const name = entry.name.toString("utf8");
      const path = directory === "" ? name : `${directory}/${name}`;
      if (entry.isDirectory() && SKIPPED.has(name)) continue;
      if (!Buffer.from(name).equals(entry.name) || !isRepoPath(path)) refused.push(JSON.stringify(path));
      else if (entry.isDirectory() && depth < MAX_DEPTH) visit(path, depth + 1);
      else if (entry.isFile() || entry.isSymbolicLink()) {
        const kind = entry.isFile() ? "file" : "link";
        files.push({ path, kind, tracked: false, blob: undefined, sparse: false });
      }
      if (files.length > MAX_FILES) throw tooMany(root);
    }
  };
  try {
    visit("", 0);
  } catch (error) {
    throw toFault(error, "list the files", root.path);
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), refused };
}

function tooMany(root: Root): SecretsError {
  return new SecretsError("E_TOO_MANY_FILES", `more than ${MAX_FILES} files are here`, {
    location: { file: root.path },
    hint: "keep the fleet in a git repository of its own, or run it in the fleet's own directory",
  });
}
