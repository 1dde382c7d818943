/**
 * Since when documents have the data key that they have now. No document says it: sops' `lastmodified` moves with every
 * edit. Git's history does: a version with the same data key shares ciphertext with it (`data-key-marks.ts`), and the
 * committer's date of the oldest such version is that of the key.
 *
 * An edit keeps the wrapped keys, and wrapping anew (`sops updatekeys`) keeps the values, so one of the two links each
 * version to the next. The versions need not follow each other: a rotation that was taken back leaves the old key as old
 * as it was. A key looks younger than it is when one commit replaced every wrapped key and every value, and when the
 * file was renamed: its history begins with its name.
 */
import { SecretsError } from "../errors.ts";
import type { FleetDocument } from "../fleet/document.ts";
import type { Ground } from "../fleet/ground.ts";
import { type FileVersion, readHistories } from "../repo/file-history.ts";
import { hasGit, readBlobs } from "../repo/git.ts";
import { type RepoPath, repoPath } from "../repo/path.ts";
import { MAX_FILE } from "../repo/read.ts";
import type { Root } from "../repo/root.ts";
import { dataKeyMarks, shareMark } from "./data-key-marks.ts";
import { firstOf, type PastContent, pastContents, usableTime } from "./data-key-past.ts";

export interface DataKeyAge {
  /** The document had this data key at that time: it is at least that old. Never in the future. */
  readonly since: Date;
  /**
   * How much is known:
   * - `history`: a commit brought the key then.
   * - `uncommitted`: no committed version has the key; `since` is what the file says of its last change.
   * - `shallow`: the history of this clone ends before the key's does, or lacks contents: it may be older.
   * - `lastmodified`: no history tells (no git, never committed, no commit with a usable date): it may be older.
   */
  readonly source: "history" | "shallow" | "uncommitted" | "lastmodified";
}

export type AgedDocument = Pick<FleetDocument, "path" | "format" | "lastModified">;

export interface AgeOptions {
  readonly now: Date;
  /**
   * Asked is only which keys are older than this. A document whose every version is younger is then not looked into: its
   * `since` is the date of its first version.
   */
  readonly limit?: Date;
}

/**
 * The ages of the data keys of documents as they lie in the work tree, by path. One pass over the history for all; of a
 * key that was never changed, one old version is read.
 * @throws SecretsError what reading the work tree and git throw
 */
export async function dataKeyAges(
  root: Root,
  ground: Pick<Ground, "read">,
  documents: readonly AgedDocument[],
  { now, limit }: AgeOptions,
): Promise<Map<string, DataKeyAge>> {
  const ages = new Map<string, DataKeyAge>();
  const histories = await historiesOf(root, documents);
  const questions: Question[] = [];
  for (const document of documents) {
    const contents = pastContents(histories.get(document.path as RepoPath) ?? [], now);
    const first = firstOf(contents);
    if (contents.length === 0) ages.set(document.path, statedAge(document, "lastmodified", now));
    else if (limit !== undefined && first !== undefined && first.time > limit.getTime() && isWhole(contents)) {
      ages.set(document.path, { since: new Date(first.time), source: "history" });
    } else questions.push({ document, contents });
  }
  const left = await settleUnchanged(root, ground, questions, ages);
  await walkThrough(root, ground, left, ages, now);
  return ages;
}

/** Whether a key is older than `limit`; undefined when it seems younger and nothing proves it. */
export function isOlder({ since, source }: DataKeyAge, limit: Date): boolean | undefined {
  if (since <= limit) return true;
  return source === "history" || source === "uncommitted" ? false : undefined;
}

interface Question {
  readonly document: AgedDocument;
  readonly contents: readonly PastContent[];
}

async function historiesOf(
  root: Root,
  documents: readonly AgedDocument[],
): Promise<ReadonlyMap<RepoPath, readonly FileVersion[]>> {
  if (!hasGit(root)) return new Map();
  const paths = documents.map(({ path }) => repoPath(path));
  return readHistories(root, paths);
}

/** Most keys were never changed: then the first version tells, and there is nothing before it. @returns the others */
async function settleUnchanged(
  root: Root,
  ground: Pick<Ground, "read">,
  questions: readonly Question[],
  ages: Map<string, DataKeyAge>,
): Promise<Question[]> {
  const firsts = questions.map(({ contents }) => firstOf(contents));
  const ids = firsts.flatMap((first) => (first === undefined ? [] : [first.blob]));
  const blobs = readBlobs(root, ids, MAX_FILE);
  const left: Question[] = [];
  for (const [index, question] of questions.entries()) {
    const { document, contents } = question;
    const first = firsts[index];
    const bytes = first === undefined ? undefined : (await blobs.next()).value?.bytes;
    // Should the history be cut in several places, the first date does not tell which of them is reached.
    const tells = first?.cut === true || contents.every(({ cut }) => !cut);
    const unchanged =
      bytes !== undefined && tells && shareMark(await marksNow(ground, document), dataKeyMarks(bytes, document.format));
    if (!unchanged || first === undefined) left.push(question);
    else ages.set(document.path, { since: new Date(first.time), source: first.cut ? "shallow" : "history" });
  }
  return left;
}

/** Marks of one document that are remembered on the way back; beyond that a chain may be missed, never memory. */
const MAX_MARKS = 200_000;

/** From the newest version to the oldest, gathering what is linked to the present one. */
async function walkThrough(
  root: Root,
  ground: Pick<Ground, "read">,
  questions: readonly Question[],
  ages: Map<string, DataKeyAge>,
  now: Date,
): Promise<void> {
  const ids = questions.flatMap(({ contents }) => contents.map(({ blob }) => blob));
  const blobs = readBlobs(root, ids, MAX_FILE);
  for (const { document, contents } of questions) {
    const known = new Set(await marksNow(ground, document));
    const linked: PastContent[] = [];
    let whole = true;
    for (const content of contents) {
      const bytes: Uint8Array | undefined = (await blobs.next()).value?.bytes;
      if (bytes === undefined) whole = false;
      const marks = bytes === undefined ? new Set<string>() : dataKeyMarks(bytes, document.format);
      if (!shareMark(known, marks)) continue;
      linked.push(content);
      if (content.cut) whole = false;
      if (known.size + marks.size <= MAX_MARKS) for (const mark of marks) known.add(mark);
    }
    const first = firstOf(linked);
    const since = first === undefined ? undefined : new Date(first.time);
    if (since !== undefined) ages.set(document.path, { since, source: whole ? "history" : "shallow" });
    else {
      const source = !whole ? "shallow" : linked.length === 0 ? "uncommitted" : "lastmodified";
      ages.set(document.path, statedAge(document, source, now));
    }
  }
}

async function marksNow(ground: Pick<Ground, "read">, { path, format }: AgedDocument): Promise<ReadonlySet<string>> {
  return dataKeyMarks(await ground.read(path), format);
}

/** The file was last changed then, so it had its key by then. A date that cannot be is as good as none. */
function statedAge({ lastModified }: AgedDocument, source: DataKeyAge["source"], now: Date): DataKeyAge {
  return { since: new Date(usableTime(Date.parse(lastModified), now) ?? now), source };
}

function isWhole(contents: readonly PastContent[]): boolean {
  return contents.every(({ cut, time }) => !cut && time !== undefined);
}

const DAY = 24 * 60 * 60 * 1000;
const UNITS: Readonly<Record<string, number>> = { h: DAY / 24, d: DAY, w: 7 * DAY, y: 365 * DAY };

/**
 * `12h`, `90d`, `12w`, `1y` in milliseconds; a year has 365 days. There are no months: `6m` would be minutes elsewhere.
 * @throws SecretsError `E_USAGE`
 */
export function parseAge(text: string): number {
  const [, count, unit = ""] = /^(\d{1,5})([hdwy])$/.exec(text) ?? [];
  const length = UNITS[unit];
  if (count !== undefined && length !== undefined) return Number(count) * length;
  throw new SecretsError("E_USAGE", "this is no age", {
    kind: "usage",
    hint: "write hours, days, weeks or years as 12h, 90d, 12w or 1y; for months, count days",
  });
}
