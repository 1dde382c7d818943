/**
 * Which commit put something into the repository, for a person who has to decide whether it should be there. Author, date
 * and subject are what the commit states: whoever made it could write anything there, and nobody checks it.
 */
import { SecretsError } from "../errors.ts";
import { git, hasGit, runGit } from "./git.ts";
import type { RepoPath } from "./path.ts";
import type { Root } from "./root.ts";
import { shallowCommits } from "./shallow.ts";

export type Provenance =
  | {
      readonly kind: "commit";
      /** Short, as git shows it. */
      readonly id: string;
      /** Hostile text, like the subject: without control characters, and cut. */
      readonly author: string;
      /** RFC 3339; left out when the commit states none that is a date. */
      readonly date?: string;
      readonly subject: string;
    }
  /** It is in the work tree, and not in the last commit. */
  | { readonly kind: "uncommitted" }
  /** This clone was not given the commits that would tell. */
  | { readonly kind: "shallow" };

export interface Statement {
  /** What the files at the paths state. Left out for the existence of the paths themselves, as of links. */
  readonly text?: string;
  readonly paths: readonly RepoPath[];
}

/** A history of a hundred thousand commits takes git a few seconds; nobody waits longer to be asked a question. */
const TIMEOUT = 20_000;
const MAX_LOG = 8 * 1024 * 1024;
/** A text that came and went more often than this is looked at no further. */
const MAX_STEPS = 50;
const MAX_TEXT = 200;
const MAX_KEY = 16 * 1024;

/**
 * The latest commit up to HEAD before which none of the paths stated the text, or existed, and after which one did: a key
 * that was taken out years ago and is now put in again was put in now.
 * @returns undefined when git cannot tell: there is none, or it takes too long
 */
export async function introducedBy(root: Root, statement: Statement): Promise<Provenance | undefined> {
  if (!hasGit(root) || statement.paths.length === 0 || !isAskable(statement.text)) return undefined;
  try {
    if (!(await isStated(root, "HEAD", statement))) return { kind: "uncommitted" };
    const log = await git(root, logOf(statement), undefined, { maxOutput: MAX_LOG, timeoutMs: TIMEOUT });
    const commits = parseLog(log).slice(0, MAX_STEPS);
    const shallow = await shallowCommits(root);
    for (const { hash, parents, provenance } of commits) {
      if (shallow.has(hash)) return { kind: "shallow" };
      const before = await Promise.all(parents.map((parent) => isStated(root, parent, statement)));
      if (!before.includes(true)) return provenance;
    }
    return undefined;
  } catch (error) {
    if (error instanceof SecretsError) return undefined;
    throw error;
  }
}

/** Git takes each line for a text of its own, and no key has two lines or is that long. */
function isAskable(text: string | undefined): boolean {
  return text === undefined || (text !== "" && text.length <= MAX_KEY && !/[\0\r\n]/.test(text));
}

/** Whether a commit states it; a commit that is not there states nothing, as before the first one. */
async function isStated(root: Root, commit: string, { text, paths }: Statement): Promise<boolean> {
  const query =
    text === undefined
      ? ["ls-tree", "--name-only", "-z", commit, "--", ...paths]
      : ["grep", "--quiet", "--no-recurse-submodules", "--text", "--fixed-strings", "-e", text, commit, "--", ...paths];
  const { code, stdout } = await runGit(root, ["--literal-pathspecs", ...query], undefined, { timeoutMs: TIMEOUT });
  return code === 0 && (text !== undefined || stdout.length > 0);
}

/** Everything that a person may have configured for their own `git log` is switched off; some of it starts programs. */
function logOf({ text, paths }: Statement): string[] {
  const wanted = text === undefined ? "--diff-filter=AT" : `-S${text}`;
  // Of merges what differs from each parent counts: what was slipped into a merge is found, what came by it is not.
  const plain = ["-c", "--no-patch", "--full-history", "--root", "--no-renames", "--no-follow", "--text"];
  const quiet = ["--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-notes", "--no-mailmap", "-O/dev/null"];
  const shape = ["--topo-order", "--encoding=UTF-8", "--abbrev=10", `--format=tformat:${FIELDS.join("%x00")}%x00`];
  return ["--literal-pathspecs", "log", ...shape, ...plain, ...quiet, wanted, "HEAD", "--", ...paths];
}

const FIELDS = ["%H", "%P", "%h", "%an", "%aI", "%s"];

interface Candidate {
  readonly hash: string;
  readonly parents: readonly string[];
  readonly provenance: Provenance;
}

/** No field can hold a NUL: git cuts what it shows of a commit there. */
function parseLog(log: Buffer): Candidate[] {
  const fields = log.toString("utf8").split("\0");
  const candidates: Candidate[] = [];
  for (let at = 0; at + FIELDS.length < fields.length; at += FIELDS.length) {
    const [hash = "", parents = "", id = "", author = "", date = "", subject = ""] = fields.slice(
      at,
      at + FIELDS.length,
    );
    candidates.push({
      hash: hash.trim(),
      parents: parents.split(" ").filter((parent) => parent !== ""),
      provenance: { kind: "commit", id, author: clean(author), ...dateOf(date), subject: clean(subject) },
    });
  }
  return candidates;
}

/** For one line on a screen. */
function clean(text: string): string {
  const line = [...text.replace(/[\p{Cc}\p{Cs}]+/gu, " ").trim()];
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT - 1).join("")}…` : line.join("");
}

function dateOf(text: string): { readonly date?: string } {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.test(text) ? { date: text } : {};
}
