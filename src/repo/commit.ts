/**
 * Commits exactly the files of one change. This is the person's own commit: their name, their signature and their hooks
 * count here, unlike wherever git is only read.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import type { RepoPath } from "./path.ts";
import { run } from "./program.ts";
import type { Root } from "./root.ts";

export interface Commit {
  /** Abbreviated. */
  readonly id: string;
}

/** What is half-way in a repository that has one of these files. */
const BUSY: readonly (readonly [file: string, what: string])[] = [
  ["MERGE_HEAD", "a merge"],
  ["CHERRY_PICK_HEAD", "a cherry-pick"],
  ["REVERT_HEAD", "a revert"],
  ["rebase-merge", "a rebase"],
  ["rebase-apply", "a rebase"],
  ["BISECT_LOG", "a bisection"],
];

/**
 * To be asked before anything is applied: a commit that cannot be made is better known by then.
 * @throws SecretsError `E_COMMIT` (kind `usage`)
 */
export async function refuseCommit(root: Root): Promise<void> {
  const { git } = root;
  if (git === undefined) throw refusal("this fleet is not in git, so nothing can be committed", "leave out --commit");
  const busy = BUSY.find(([file]) => existsSync(join(git, file)));
  if (busy !== undefined) {
    throw refusal(
      `${busy[1]} is half-way here, and a commit of single files would end up in it`,
      "finish it first, or leave out --commit",
    );
  }
  const { code } = await call(root, ["var", "GIT_COMMITTER_IDENT"]);
  if (code !== 0) {
    throw refusal("git does not know who commits", 'git config user.name "NAME" and git config user.email ADDRESS');
  }
}

/**
 * @returns undefined when the files are already committed as they are
 * @throws SecretsError `E_COMMIT`: the change is in the work tree, and was not committed; what git said is the cause
 */
export async function commitPaths(
  root: Root,
  paths: readonly RepoPath[],
  message: string,
): Promise<Commit | undefined> {
  const list = Buffer.from(paths.map((path) => `${path}\0`).join(""), "utf8");
  const fromStdin = ["--pathspec-from-file=-", "--pathspec-file-nul"];
  const changed = await call(root, ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"]);
  const touched = new Set(paths);
  const dirty = changed.stdout.split("\0").some((line) => touched.has(line.slice(3) as RepoPath));
  if (changed.code === 0 && !dirty) return undefined;
  const added = await call(root, ["add", "--all", ...fromStdin], list);
  if (added.code !== 0) throw notCommitted(root, added);
  const made = await call(root, ["commit", "--quiet", "--only", `--message=${message}`, ...fromStdin], list);
  if (made.code !== 0) throw notCommitted(root, made);
  const { stdout } = await call(root, ["rev-parse", "--short", "HEAD"]);
  return { id: stdout.trim() };
}

interface Called {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function call(root: Root, args: readonly string[], input?: Uint8Array): Promise<Called> {
  const result = await run(["git", "--literal-pathspecs", ...args], {
    cwd: root.path,
    // Hooks and signing programs are the person's: they see what they always see.
    env: process.env,
    timeoutMs: 600_000,
    ...(input === undefined ? {} : { input }),
  });
  return { code: result.code, stdout: Buffer.from(result.stdout).toString("utf8"), stderr: result.stderr };
}

function refusal(message: string, hint: string): SecretsError {
  return new SecretsError("E_COMMIT", message, { kind: "usage", hint });
}

function notCommitted(root: Root, { stdout, stderr }: Called): SecretsError {
  return new SecretsError("E_COMMIT", "the change is applied, and git would not commit it", {
    location: { file: root.path },
    hint: "see why below, mend it, then: git commit; or take the change back: secrets undo",
    cause: new SecretsError("E_GIT", (stderr.trim() || stdout.trim()).split("\n").slice(-5).join("\n")),
  });
}
