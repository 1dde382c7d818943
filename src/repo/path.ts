/** Paths that cannot leave the repository: a repository names its own files, and names are hostile input. */
import { lstat, readlink, realpath } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { SecretsError } from "../errors.ts";

declare const brand: unique symbol;

/** Relative to the root, `/` between components, never `..`, never inside `.git`. */
export type RepoPath = string & { readonly [brand]: "RepoPath" };

/**
 * @throws SecretsError `E_PATH` for an absolute path, `..`, an empty component, a NUL, a backslash or anything in `.git`.
 */
export function repoPath(text: string): RepoPath {
  const components = text.split("/");
  const bad =
    text === "" ||
    text.includes("\0") ||
    text.includes("\\") ||
    components.some((component) => component === "" || component === "." || component === "..") ||
    // Case-insensitive file systems reach the git directory under other spellings.
    components[0]?.toLowerCase() === ".git";
  if (!bad) return text as RepoPath;
  throw new SecretsError("E_PATH", "this is not a path inside the repository", {
    location: { file: text },
    hint: "paths are relative to the fleet's root, without .. and without a leading slash",
  });
}

/**
 * Refuses a path that a link among its parents leads out of the repository.
 * @param safe directories that were looked at before; a reader of many files passes one set along
 * @throws SecretsError `E_OUTSIDE`
 */
export async function assertInside(root: string, path: RepoPath, safe?: Set<string>): Promise<void> {
  let parent = dirname(join(root, path));
  if (safe?.has(parent)) return;
  const directory = parent;
  const top = await realpath(root);
  // Parents that do not exist yet are made by us and cannot be links.
  while (parent.length >= root.length) {
    const real = await realpath(parent).catch(() => undefined);
    if (real !== undefined) {
      if (real === top || real.startsWith(top + sep)) {
        safe?.add(directory);
        return;
      }
      throw outside(path);
    }
    const dangling = await lstat(parent).catch(() => undefined);
    if (dangling?.isSymbolicLink()) throw outside(path);
    parent = dirname(parent);
  }
}

/** What stands at a path, without following a link there. */
export async function kindOf(
  root: string,
  path: RepoPath,
  safe?: Set<string>,
): Promise<"file" | "directory" | "link" | "missing"> {
  await assertInside(root, path, safe);
  const found = await lstat(join(root, path)).catch(() => undefined);
  if (found === undefined) return "missing";
  if (found.isSymbolicLink()) return "link";
  return found.isDirectory() ? "directory" : "file";
}

/** The text of a link, wherever it points. @throws SecretsError `E_FILE_MISSING` when there is no link. */
export async function readLinkText(root: string, path: RepoPath, safe?: Set<string>): Promise<string> {
  await assertInside(root, path, safe);
  try {
    return await readlink(join(root, path));
  } catch (cause) {
    throw new SecretsError("E_FILE_MISSING", "there is no link here", { location: { file: path }, cause });
  }
}

export function outside(path: string): SecretsError {
  return new SecretsError("E_OUTSIDE", "a link leads out of the repository here; it is not followed", {
    location: { file: path },
    hint: "remove the link, or put the file itself in its place",
  });
}
