/**
 * What git knows of the work tree. The repository's own settings are as hostile as its content: nothing here runs a
 * hook, a monitor, a filter, a pager or a transport that the repository names, and nothing is written.
 */
import { lstatSync } from "node:fs";
import { join, resolve } from "node:path";
import { SecretsError } from "../errors.ts";
import { isRepoPath, type RepoPath } from "./path.ts";
import { findProgram, minimalEnvironment, type RunOptions, run } from "./program.ts";
import type { Root } from "./root.ts";
import { walkFiles } from "./walk.ts";

export interface ListedFile {
  readonly path: RepoPath;
  readonly kind: "file" | "executable" | "link" | "submodule";
  readonly tracked: boolean;
  /** Object id of what the index holds for it; undefined for an untracked file and for one with an unresolved merge. */
  readonly blob: string | undefined;
  /** Left out of this work tree by a sparse checkout. */
  readonly sparse: boolean;
}

export interface Listing {
  /** Sorted by path, bytewise. A file that was deleted but is still in the index is listed too. */
  readonly files: readonly ListedFile[];
  /** Names that cannot be used (not UTF-8, or no path inside the repository), made printable. */
  readonly refused: readonly string[];
}

const HARDENED = [
  ...["-c", "core.fsmonitor=false"],
  ...["-c", "core.hooksPath=/dev/null"],
  ...["-c", "protocol.allow=never"],
  ...["-c", "core.pager=cat"],
  ...["-c", "diff.external="],
];
/** 400 MB: two million files. */
const MAX_LISTING = 400 * 1024 * 1024;

/**
 * Runs git at the root, for the ground floor alone: every option that lets a setting start a program is the caller's to
 * switch off.
 * @returns its standard output
 * @throws SecretsError `E_GIT` when git refuses, and what `run` throws.
 */
export async function git(
  root: Root,
  args: readonly string[],
  input?: Uint8Array,
  bounds: Bounds = {},
): Promise<Buffer> {
  const { code, stdout, stderr } = await runGit(root, args, input, bounds);
  if (code === 0) return stdout;
  const foreign = stderr.includes("dubious ownership");
  throw new SecretsError("E_GIT", foreign ? "git refuses this repository: it belongs to someone else" : "git failed", {
    location: { file: root.path },
    hint: foreign
      ? `if you trust it: git config --global --add safe.directory ${root.path}`
      : `see what it says to: git -C ${root.path} ${args[0] ?? ""}`,
    cause: stderr,
  });
}

type Bounds = Pick<RunOptions, "maxOutput" | "timeoutMs">;

/** As `git`, for questions that it answers by its exit code. @throws SecretsError what `run` throws */
export async function runGit(
  root: Root,
  args: readonly string[],
  input?: Uint8Array,
  bounds: Bounds = {},
): Promise<{ readonly code: number | null; readonly stdout: Buffer; readonly stderr: string }> {
  const { code, stdout, stderr } = await run(["git", ...HARDENED, ...args], {
    cwd: root.path,
    env: gitEnvironment(root),
    maxOutput: MAX_LISTING,
    ...bounds,
    ...(input === undefined ? {} : { input }),
  });
  return { code, stdout: Buffer.from(stdout.buffer, stdout.byteOffset, stdout.byteLength), stderr };
}

function gitEnvironment(root: Root): Record<string, string> {
  const env = minimalEnvironment();
  Object.assign(env, { GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0", GIT_NO_LAZY_FETCH: "1" });
  // `git commit -a` and `git commit PATH` give their hooks an index of their own: that is the one to be checked. All
  // other GIT_ variables could point to another repository and stay out.
  const index = process.env["GIT_INDEX_FILE"];
  if (index !== undefined && root.git !== undefined) {
    const path = resolve(root.path, index);
    if (path.startsWith(join(root.git, "/"))) env["GIT_INDEX_FILE"] = path;
  }
  return env;
}

/**
 * Every file of the fleet: tracked ones and untracked ones that are not ignored; without git, all files but those in
 * `.git` and `node_modules`.
 */
export async function listFiles(root: Root): Promise<Listing> {
  if (!hasGit(root)) return walkFiles(root);
  const [tracked, untracked] = await Promise.all([listTracked(root), listUntracked(root)]);
  return {
    files: sortByBytes([...tracked.files, ...untracked.files]),
    refused: [...untracked.refused, ...tracked.refused],
  };
}

/** Whether git can be asked here at all. */
export function hasGit(root: Root): boolean {
  return root.git !== undefined && findProgram("git") !== undefined;
}

/** What the index holds: quick, since git does not look at the work tree for it. */
export async function listTracked(root: Root): Promise<Listing> {
  return parseListing(root, await git(root, ["ls-files", "-z", "-t", "--stage", "--cached"]));
}

/** What is neither tracked nor ignored: git walks through the whole work tree. */
export async function listUntracked(root: Root): Promise<Listing> {
  return parseListing(root, await git(root, ["ls-files", "-z", "-t", "--others", "--exclude-standard"]));
}

/** `TAG SP MODE SP ID SP STAGE TAB PATH NUL` for what is tracked, `? PATH NUL` for what is not. */
function parseListing(root: Root, output: Buffer): Listing {
  const files = new Map<string, ListedFile>();
  const refused: string[] = [];
  for (let start = 0; start < output.length; ) {
    const end = output.indexOf(0, start);
    const untracked = output[start] === 0x3f;
    const tab = untracked ? start + 1 : output.indexOf(0x09, start);
    const name = output.subarray(tab + 1, end);
    const path = name.toString("utf8");
    const [tag, mode = "", id, stage] = untracked ? ["?"] : output.toString("latin1", start, tab).split(" ");
    start = end + 1;
    // A repository inside the repository is listed as `directory/`, and is not ours.
    if (untracked && path.endsWith("/")) continue;
    if ((path.includes("\ufffd") && !Buffer.from(path).equals(name)) || !isRepoPath(path)) {
      refused.push(JSON.stringify(name.toString("latin1")));
      continue;
    }
    const merged = stage === "0";
    files.set(path, {
      path,
      kind: untracked ? kindOnDisk(root, path) : kindOfMode(mode),
      tracked: !untracked,
      blob: merged ? id : undefined,
      sparse: tag === "S",
    });
  }
  return { files: sortByBytes([...files.values()]), refused };
}

/** git lists untracked files before tracked ones; each part is sorted. */
export function sortByBytes(files: ListedFile[]): ListedFile[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** git does not say it of untracked files. They are few. */
function kindOnDisk(root: Root, path: RepoPath): ListedFile["kind"] {
  return lstatSync(`${root.path}/${path}`, { throwIfNoEntry: false })?.isSymbolicLink() ? "link" : "file";
}

function kindOfMode(mode: string): ListedFile["kind"] {
  if (mode === "120000") return "link";
  if (mode === "160000") return "submodule";
  return mode === "100755" ? "executable" : "file";
}

/** Paths whose content in the index differs from the last commit, without those that are removed; none without git. */
export async function stagedPaths(root: Root): Promise<readonly RepoPath[]> {
  if (root.git === undefined) return [];
  const args = ["diff", "--cached", "--name-only", "-z", "--diff-filter=d", "--no-renames"];
  const output = await git(root, [...args, "--no-ext-diff", "--no-textconv", "--ignore-submodules"]);
  return output.toString("utf8").split("\0").filter(isRepoPath);
}

export interface Blob {
  readonly id: string;
  /** Undefined when it is larger than allowed, or not there (a partial clone). */
  readonly bytes: Uint8Array | undefined;
}

/** Content of one batch that is held in memory at once. */
const BATCH = 32 * 1024 * 1024;

/**
 * The content of objects, as the index (`ListedFile.blob`) or a commit names them, in the order asked for.
 * @param maxBytes larger ones are not read
 */
export async function* readBlobs(root: Root, ids: readonly string[], maxBytes: number): AsyncGenerator<Blob> {
  // Sizes first: an object of gigabytes is then never asked for, and a batch has a known size.
  const checked = await git(root, ["cat-file", "--batch-check=%(objecttype) %(objectsize)"], lines(ids));
  const sizes = checked.toString("latin1").split("\n");
  let batch: string[] = [];
  let total = 0;
  for (const [index, id] of ids.entries()) {
    const size = Number(/^blob (\d+)$/.exec(sizes[index] ?? "")?.[1] ?? Number.POSITIVE_INFINITY);
    const readable = size <= maxBytes;
    if (!readable || total + size > BATCH) {
      yield* readBatch(root, batch, total);
      batch = [];
      total = 0;
    }
    if (!readable) yield { id, bytes: undefined };
    else {
      batch.push(id);
      total += size;
    }
  }
  yield* readBatch(root, batch, total);
}

async function* readBatch(root: Root, ids: readonly string[], size: number): AsyncGenerator<Blob> {
  if (ids.length === 0) return;
  const output = await git(root, ["cat-file", "--batch"], lines(ids), { maxOutput: size + ids.length * 200 });
  let start = 0;
  for (const id of ids) {
    const headerEnd = output.indexOf(0x0a, start);
    const length = Number(output.toString("latin1", start, headerEnd).split(" ")[2]);
    start = headerEnd + 1 + length + 1;
    yield { id, bytes: output.subarray(headerEnd + 1, headerEnd + 1 + length) };
  }
}

/** @throws SecretsError `E_GIT` for what is no object id: a line break in one would ask for something else. */
function lines(ids: readonly string[]): Uint8Array {
  for (const id of ids) if (!/^[0-9a-f]{40,64}$/.test(id)) throw new SecretsError("E_GIT", "this is no object id");
  return Buffer.from(ids.map((id) => `${id}\n`).join(""), "latin1");
}
