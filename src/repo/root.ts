/** Where a fleet's repository is, and where our own state about it lives. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { SecretsError } from "../errors.ts";
import type { Environment } from "./program.ts";

export interface Root {
  /** Absolute, without links. */
  readonly path: string;
  /** The directory of lock, journal and undo record; may not exist yet. One for each work tree. */
  readonly state: string;
  /** The git directory of this work tree, or undefined where there is no git. */
  readonly git: string | undefined;
}

/**
 * Finds the root from any directory in it: the top of the git work tree, else the nearest parent with `.sops.yaml`,
 * `sops/` or `vars/`. Looks as git does (`.git` as a directory, or as a file in linked work trees and submodules), but
 * starts no process: this is on the way of every command.
 * @throws SecretsError `E_NO_FLEET`, `E_NOT_FOUND`.
 */
export async function findRoot(start: string, env: Environment = process.env): Promise<Root> {
  const from = realDirectory(start);
  for (const path of upwards(from)) {
    const git = gitDirectoryOf(path);
    if (git !== undefined) return { path, git, state: join(git, "secrets") };
  }
  for (const path of upwards(from)) {
    const marks = [".sops.yaml", "sops", "vars"];
    if (marks.some((mark) => existsSync(join(path, mark))))
      return { path, git: undefined, state: stateOutside(path, env) };
  }
  throw new SecretsError("E_NO_FLEET", "no git repository and no fleet is here or in a directory above", {
    location: { file: start },
    hint: "run it inside the fleet's repository, name it with -C DIR, or make a sample with: secrets demo DIR",
  });
}

function realDirectory(start: string): string {
  try {
    const path = realpathSync(start);
    return statSync(path).isDirectory() ? path : dirname(path);
  } catch (cause) {
    throw new SecretsError("E_NOT_FOUND", "this directory does not exist", { location: { file: start }, cause });
  }
}

function* upwards(from: string): Generator<string> {
  for (let path = from; ; path = dirname(path)) {
    yield path;
    if (path === dirname(path)) return;
  }
}

/** What `git rev-parse --absolute-git-dir` says at the top of a work tree. */
function gitDirectoryOf(path: string): string | undefined {
  const mark = join(path, ".git");
  const stats = statSync(mark, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  let directory = mark;
  if (stats.isFile() && stats.size < 8192) {
    const pointer = /^gitdir: ([^\n]+)\n*$/.exec(readFileSync(mark, "utf8"))?.[1];
    if (pointer === undefined) return undefined;
    directory = isAbsolute(pointer) ? pointer : resolve(path, pointer);
  }
  // An empty `.git` is no repository to git either; a link to nowhere neither.
  return existsSync(join(directory, "HEAD")) ? realpathSync(directory) : undefined;
}

/** Named by a hash: two directories never share state, and the name tells nothing. */
function stateOutside(path: string, env: Environment): string {
  const home = env["XDG_STATE_HOME"];
  const base = home !== undefined && isAbsolute(home) ? home : join(env["HOME"] ?? "/", ".local", "state");
  return join(base, "secrets", createHash("sha256").update(path).digest("hex").slice(0, 16));
}
