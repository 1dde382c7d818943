/** Paths of a repository: text that anyone who can push may have written, so it is checked before it names a file. */
import { SecretsError } from "../errors.ts";

declare const repoPathBrand: unique symbol;

/** Relative to the root, forward slashes, no empty, `.` or `..` component, no NUL, nothing inside `.git`. */
export type RepoPath = string & { readonly [repoPathBrand]: true };

/** Linux' PATH_MAX and NAME_MAX: longer ones could be listed in an index, but never exist. */
const MAX_PATH = 4095;
const MAX_NAME = 255;
/** Code points that HFS+ ignores in a name: `.g\u200cit` is `.git` there. The list is git's own (utf8.c). */
const IGNORED_BY_HFS = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** @throws SecretsError `E_PATH` with the reason. */
export function repoPath(text: string): RepoPath {
  const reason = whyNot(text);
  if (reason === undefined) return text as RepoPath;
  throw new SecretsError("E_PATH", `this is no path inside the repository: ${reason}`, {
    location: { file: text },
    hint: "give a path relative to the root of the repository, without .. and outside .git",
  });
}

/** Whether `repoPath` would accept it; for names in a listing, where a bad one is a finding and no end. */
export function isRepoPath(text: string): text is RepoPath {
  return whyNot(text) === undefined;
}

function whyNot(text: string): string | undefined {
  if (text === "") return "it is empty";
  if (text.includes("\0")) return "it has a NUL in it";
  if (text.startsWith("/")) return "it is absolute";
  if (!text.isWellFormed()) return "it is not valid Unicode";
  if (Buffer.byteLength(text) > MAX_PATH) return "it is too long";
  for (const name of text.split("/")) {
    if (name === "") return "it has an empty component";
    if (name === "." || name === "..") return `it has ${name} as a component`;
    if (name.length > MAX_NAME / 4 && Buffer.byteLength(name) > MAX_NAME) return "a component is too long";
    if (isDotGit(name)) return "it lies inside .git";
  }
  return undefined;
}

/** Also the spellings that macOS and Windows take for `.git`. */
function isDotGit(name: string): boolean {
  const first = name.charCodeAt(0);
  // Nearly every name ends here; 0x2e is ".", 0x47 and 0x67 are "G" and "g".
  if (first !== 0x2e && first !== 0x47 && first !== 0x67 && first < 0x80) return false;
  const plain = name.replace(IGNORED_BY_HFS, "").toLowerCase();
  return plain === ".git" || plain === "git~1";
}

/**
 * Groups of paths that differ, and that a file system which ignores case or Unicode's normal forms (macOS) takes for
 * one. Directories count: `A/x` and `a/y` cannot both be checked out there as they are.
 * @returns the shortest differing parts, each group sorted; an empty list when there are none.
 */
export function findTwins(paths: Iterable<string>): string[][] {
  const spellings = new Map<string, Map<string, Set<string>>>();
  const seen = new Set<string>();
  for (const path of paths) {
    for (let end = path.indexOf("/"); ; end = path.indexOf("/", end + 1)) {
      const part = end === -1 ? path : path.slice(0, end);
      if (!seen.has(part)) {
        seen.add(part);
        const slash = part.lastIndexOf("/");
        // Compared within one parent, so that what lies below a twin is not reported again for it.
        const siblings = entry(spellings, part.slice(0, slash + 1), () => new Map<string, Set<string>>());
        entry(siblings, fold(part.slice(slash + 1)), () => new Set<string>()).add(part);
      }
      if (end === -1) break;
    }
  }
  const groups = [...spellings.values()].flatMap((siblings) => [...siblings.values()]);
  return groups.filter((group) => group.size > 1).map((group) => [...group].sort());
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

function fold(name: string): string {
  // Up and down again: folds ß with SS and the final sigma, as the file systems do.
  return name.normalize("NFD").toUpperCase().toLowerCase().normalize("NFC");
}
