/**
 * Reaching a file only if it really lies inside the root. Text alone cannot tell: any directory on the way may be a
 * link. So a directory or file is opened first, the system is asked where what was opened lies, and work goes on
 * through that handle: swapping a directory for a link afterwards changes nothing. Linux names an open handle
 * `/proc/self/fd/N`; elsewhere the real path is used, which leaves the moment between look and use.
 */
import { closeSync, constants, existsSync, openSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { SecretsError } from "../errors.ts";
import type { RepoPath } from "./path.ts";
import type { Root } from "./root.ts";

let handlesHaveNames: boolean | undefined;

/** Whether an open file can be named through `/proc/self/fd`. */
function canNameHandles(): boolean {
  handlesHaveNames ??= process.platform === "linux" && existsSync("/proc/self/fd");
  return handlesHaveNames;
}

/** Absolute path of what is open, without links, or undefined where the system does not tell. */
export function whereIs(handle: number): string | undefined {
  return canNameHandles() ? readlinkSync(`/proc/self/fd/${handle}`) : undefined;
}

/** Whether an absolute path without links lies in the work tree: below the root, and not in its `.git`. */
export function isInside(root: Root, real: string): boolean {
  if (real === root.path) return true;
  const prefix = root.path === "/" ? "/" : `${root.path}/`;
  if (!real.startsWith(prefix)) return false;
  const rest = real.slice(prefix.length);
  return rest !== ".git" && !rest.startsWith(".git/");
}

export function escapes(file: string): SecretsError {
  return new SecretsError("E_PATH_ESCAPES", "a link on the way to this path leads out of the repository", {
    location: { file },
    hint: "remove the link; nothing outside the repository is read or written through one",
  });
}

/** A directory of the work tree that is held open while names in it are used. */
export interface HeldDirectory {
  /** Put `/name` behind it to name something in the directory, whatever happens to the path meanwhile. */
  readonly base: string;
  /** Where it really lies, relative to the root, without links; empty for the root. */
  readonly path: string;
  readonly close: () => void;
}

/**
 * @param directory relative to the root; empty for the root itself
 * @returns undefined when there is no such directory
 * @throws SecretsError `E_PATH_ESCAPES`; system errors as they are.
 */
export function holdDirectory(root: Root, directory: RepoPath | ""): HeldDirectory | undefined {
  const asked = directory === "" ? root.path : `${root.path}/${directory}`;
  try {
    if (!canNameHandles()) {
      const real = realpathSync(asked);
      if (!statSync(real).isDirectory()) return undefined;
      if (!isInside(root, real)) throw escapes(directory);
      return { base: real, path: real.slice(root.path.length + 1), close: () => {} };
    }
    const handle = openSync(asked, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK);
    const real = whereIs(handle) ?? "";
    if (isInside(root, real)) {
      return {
        base: `/proc/self/fd/${handle}`,
        path: real.slice(root.path.length + 1),
        close: () => closeSync(handle),
      };
    }
    closeSync(handle);
    throw escapes(directory);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** The path cut into the directory and the name in it. */
export function splitPath(path: RepoPath): { readonly directory: RepoPath | ""; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return { directory: path.slice(0, Math.max(slash, 0)) as RepoPath | "", name: path.slice(slash + 1) };
}
