/**
 * What the commits up to the present one made of single files. The whole history is read, not the first-parent line: a
 * content that came in by a merge is as old as the commit on its branch. Renames are not followed.
 */
import { git } from "./git.ts";
import type { RepoPath } from "./path.ts";
import type { Root } from "./root.ts";
import { shallowCommits } from "./shallow.ts";

/** One content that one commit gave to a file. */
export interface FileVersion {
  readonly blob: string;
  /** The committer's date, in milliseconds since 1970. Whatever the commit states: the future and 1970 do occur. */
  readonly time: number;
  /** The history of this clone begins here although the repository's does not: the content may be older than that. */
  readonly cut: boolean;
}

/** A history of a hundred thousand commits takes git seconds; a slow disk may take minutes. */
const TIMEOUT = 600_000;
const MAX_LOG = 400 * 1024 * 1024;
/** More than this many paths are slower to look for than to sort out. */
const MAX_PATHS = 100;

/**
 * The versions of each path, children before their parents, in one pass over the history. A path that no commit knows is
 * not in the map; deletions are no versions, and neither are links and submodules.
 * @throws SecretsError `E_GIT` where there is no git, or it lacks directories of the past (a clone without trees).
 */
export async function readHistories(
  root: Root,
  paths: readonly RepoPath[],
): Promise<ReadonlyMap<RepoPath, readonly FileVersion[]>> {
  if (paths.length === 0) return new Map();
  const output = await git(root, logOf(paths), undefined, { maxOutput: MAX_LOG, timeoutMs: TIMEOUT });
  return parseLog(output, new Set(paths), await shallowCommits(root));
}

/** Everything that a person may have configured for their own `git log` is switched off; some of it starts programs. */
function logOf(paths: readonly RepoPath[]): string[] {
  const shape = ["--topo-order", "--full-history", "--root", "--raw", "-z", "--no-abbrev", "--format=tformat:@%H %ct"];
  // Of merges only what differs from each parent is shown: how a conflict was resolved.
  const plain = ["-c", "--no-renames", "--no-follow", "--no-show-signature", "--no-notes", "-O/dev/null"];
  const quiet = ["--no-ext-diff", "--no-textconv"];
  const places = narrow(paths).map((path) => `:(literal)${path}`);
  // Before the first commit there is no HEAD, and no history.
  return ["log", "--ignore-missing", ...shape, ...plain, ...quiet, "HEAD", "--", ...places];
}

/** Fewest places that hold all paths; none, which stands for all places, when they are many. */
function narrow(paths: readonly RepoPath[]): readonly string[] {
  if (paths.length <= MAX_PATHS) return paths;
  const tops = [...new Set(paths.map((path) => path.split("/", 1)[0] ?? ""))];
  return tops.length <= MAX_PATHS ? tops : [];
}

/**
 * A commit is `@ID SP TIME NUL`; each of its files is `:MODE SP MODE SP ID SP ID SP LETTER NUL PATH NUL`, with a line break
 * before the first, and in a merge with one colon, mode and id more for each parent more.
 */
function parseLog(
  output: Buffer,
  wanted: ReadonlySet<string>,
  shallow: ReadonlySet<string>,
): ReadonlyMap<RepoPath, readonly FileVersion[]> {
  const histories = new Map<RepoPath, FileVersion[]>();
  let time = 0;
  let cut = false;
  for (let start = 0, end = output.indexOf(0); end !== -1; end = output.indexOf(0, start)) {
    const record = output.toString("latin1", start, end).trimStart();
    start = end + 1;
    if (record.startsWith("@")) {
      const [commit = "", seconds] = record.slice(1).split(" ");
      time = Number(seconds) * 1000;
      cut = shallow.has(commit);
    } else if (record.startsWith(":")) {
      const nameEnd = output.indexOf(0, start);
      const path = output.toString("utf8", start, nameEnd) as RepoPath;
      start = nameEnd + 1;
      const blob = blobOf(record);
      if (blob === undefined || !wanted.has(path)) continue;
      const versions = histories.get(path);
      if (versions === undefined) histories.set(path, [{ blob, time, cut }]);
      else versions.push({ blob, time, cut });
    }
  }
  return histories;
}

/** What the commit made of the file; undefined unless that is a regular file. */
function blobOf(record: string): string | undefined {
  const parents = record.lastIndexOf(":") + 1;
  const fields = record.slice(parents).split(" ");
  return fields[parents]?.startsWith("100") === true ? fields[2 * parents + 1] : undefined;
}
