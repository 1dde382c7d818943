/**
 * Commits exactly the files of one change, as the person would: their name, their signature and their hooks count here,
 * unlike wherever git is only read. What reaches those programs is what they need of the environment and nothing that
 * could hold a key; git is told by nothing but the root where the repository is.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import { findIgnored } from "./ignored.ts";
import type { RepoPath } from "./path.ts";
import { type Environment, findProgram, minimalEnvironment, run } from "./program.ts";
import type { Root } from "./root.ts";

export interface Commit {
  /** Abbreviated, as git shows it. */
  readonly id: string;
}

/** What is half-way in a repository that has one of these files. */
const BUSY: readonly (readonly [file: string, what: string])[] = [
  ["MERGE_HEAD", "a merge"],
  ["CHERRY_PICK_HEAD", "a cherry-pick"],
  ["REVERT_HEAD", "a revert"],
  ["sequencer", "a cherry-pick or a revert"],
  ["rebase-merge", "a rebase"],
  ["rebase-apply", "a rebase"],
  ["BISECT_LOG", "a bisection"],
];
/** Hooks run tests, and a signature may wait for a passphrase or a touch. */
const TIMEOUT = 1_800_000;
const LISTED = 8;

/**
 * To be asked before anything is applied: that a commit cannot be made is better known by then. On a detached HEAD, as CI
 * has it, one can be made, and before the first commit as well.
 * @param paths what would be committed
 * @throws SecretsError `E_COMMIT` (kind `usage`)
 */
export async function refuseCommit(root: Root, paths: readonly RepoPath[]): Promise<void> {
  const { git } = root;
  if (git === undefined || findProgram("git") === undefined) {
    const reason = git === undefined ? "this fleet is not in git" : "the program git is not here";
    throw refusal(`${reason}, so nothing can be committed`, "leave out --commit");
  }
  const busy = BUSY.find(([file]) => existsSync(join(git, file)));
  if (busy !== undefined) {
    throw refusal(
      `${busy[1]} is half-way here, and a commit of single files would end up in it`,
      "finish it first, or leave out --commit",
    );
  }
  for (const who of ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"]) {
    const { code } = await call(root, ["var", who]);
    if (code === 0) continue;
    throw refusal(
      "git does not know who commits",
      'git config --global user.name "NAME" and git config --global user.email ADDRESS, or leave out --commit',
    );
  }
  const refused = await findIgnored(root, paths);
  if (refused.length === 0) return;
  throw refusal(
    `git ignores what would be committed: ${listed(refused)}`,
    "take it out of .gitignore, or leave out --commit",
  );
}

/**
 * Commits the paths as they lie in the work tree, whatever was staged of them before; a path that is gone is committed as
 * removed. Everything else that is staged stays staged.
 * @returns undefined when the last commit has them as they are
 * @throws SecretsError `E_COMMIT`: the change is in the work tree, and was not committed; what git or a hook said is the
 *   cause
 */
export async function commitPaths(
  root: Root,
  paths: readonly RepoPath[],
  message: string,
): Promise<Commit | undefined> {
  const refused = await findIgnored(root, paths);
  if (refused.length > 0) throw notCommitted(root, paths, `it ignores ${listed(refused)}`);
  // Takes paths for what they are, and those that are gone as well; a `git add` would stumble over some of them.
  await must(root, paths, ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"], list(paths));
  const staged = await must(root, paths, [...["diff", "--cached", "--name-only", "-z", "--no-renames"], ...PLAIN_DIFF]);
  const names = new Set(staged.stdout.split("\0"));
  const changed = paths.filter((path) => names.has(path));
  if (changed.length === 0) return undefined;
  const from = ["--pathspec-from-file=-", "--pathspec-file-nul"];
  const how = ["--quiet", "--only", "--cleanup=whitespace", `--message=${message}`];
  await must(root, paths, ["commit", ...how, ...from], list(changed));
  const { stdout } = await must(root, paths, ["rev-parse", "--short", "--verify", "HEAD"]);
  return { id: stdout.trim() };
}

const PLAIN_DIFF = ["--no-ext-diff", "--no-textconv", "--ignore-submodules", "-O/dev/null"];

interface Called {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function must(
  root: Root,
  paths: readonly RepoPath[],
  args: readonly string[],
  input?: Uint8Array,
): Promise<Called> {
  let called: Called;
  try {
    called = await call(root, args, input);
  } catch (error) {
    throw notCommitted(root, paths, error instanceof SecretsError ? error.message : "it could not be run");
  }
  if (called.code === 0) return called;
  const words = (called.stderr.trim() || called.stdout.trim()).split("\n").filter((line) => line.trim() !== "");
  throw notCommitted(root, paths, words.slice(-LISTED).join(" / ") || `git ended with code ${called.code}`);
}

async function call(root: Root, args: readonly string[], input?: Uint8Array): Promise<Called> {
  const result = await run(["git", "--literal-pathspecs", "--no-pager", ...args], {
    cwd: root.path,
    env: personalEnvironment(process.env),
    timeoutMs: TIMEOUT,
    ...(input === undefined ? {} : { input }),
  });
  return { code: result.code, stdout: Buffer.from(result.stdout).toString("utf8"), stderr: result.stderr };
}

/** Who commits, how git is configured, how a signing program asks, and in which language hooks speak. */
const PERSONAL =
  /^(GIT_(AUTHOR|COMMITTER)_\w+|GIT_CONFIG_\w+|EMAIL|GNUPGHOME|GPG_TTY|GPG_AGENT_INFO|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|DBUS_SESSION_BUS_ADDRESS|XDG_\w+|SSH_\w+|LANG|LC_\w+|TZ|TERM|COLORTERM|SHELL|CI|NIX_(PATH|PROFILES|SSL_CERT_FILE))$/;

/**
 * Left out is what could hold an identity (`SOPS_AGE_KEY` in CI): a hook may come out of the repository, by way of
 * `core.hooksPath`. Left out are also `GIT_DIR` and its like, which inside of a hook point to another index.
 */
function personalEnvironment(env: Environment): Environment {
  const personal = Object.entries(env).filter(([name]) => PERSONAL.test(name));
  const { LC_ALL: _, ...minimal } = minimalEnvironment(env);
  return { ...minimal, ...Object.fromEntries(personal), GIT_TERMINAL_PROMPT: "0", GIT_EDITOR: "false" };
}

function list(paths: readonly RepoPath[]): Uint8Array {
  return Buffer.from(paths.map((path) => `${path}\0`).join(""), "utf8");
}

/** A line break in a name would begin another step of a hint. */
function listed(paths: readonly string[]): string {
  const more = paths.length - LISTED;
  const names = paths.slice(0, LISTED).map((path) => path.replaceAll(/\p{Cc}/gu, "?"));
  return `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function refusal(message: string, hint: string): SecretsError {
  return new SecretsError("E_COMMIT", message, { kind: "usage", hint });
}

function notCommitted(root: Root, paths: readonly RepoPath[], words: string): SecretsError {
  return new SecretsError("E_COMMIT", "the change is applied, and git did not commit it", {
    location: { file: root.path },
    hint: [
      `mend what git complains about, then commit by hand: git commit --only ${paths.length > 1 ? "PATH…" : "PATH"}, of ${listed(paths)}`,
      "or take the change back: secrets undo",
    ].join("\n"),
    cause: new SecretsError("E_GIT", `git says: ${words}`),
  });
}
