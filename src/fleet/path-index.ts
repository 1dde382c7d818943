/** Every path of the fleet, to ask what stands there without touching the disk again. */
import type { GroundFile } from "./ground.ts";

export type PathKind = "file" | "link" | "directory" | "missing";

export class PathIndex {
  /** Sorted by path, whatever order they came in. */
  readonly files: readonly GroundFile[];
  readonly #kinds = new Map<string, "file" | "link">();
  /** Known from the files in them; git keeps no others. */
  readonly #directories = new Set<string>([""]);

  constructor(files: readonly GroundFile[]) {
    this.files = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    for (const { path, kind } of this.files) {
      this.#kinds.set(path, kind);
      for (let directory = parentOf(path); !this.#directories.has(directory); directory = parentOf(directory)) {
        this.#directories.add(directory);
      }
    }
  }

  /** Everything below a folder, in the order of paths. */
  under(folder: string): readonly GroundFile[] {
    // `0` is the character behind `/`.
    return this.files.slice(this.#firstFrom(`${folder}/`), this.#firstFrom(`${folder}0`));
  }

  /** Links are not followed: what lies behind a linked directory is missing. The root is the empty path. */
  kindOf(path: string): PathKind {
    return this.#kinds.get(path) ?? (this.#directories.has(path) ? "directory" : "missing");
  }

  /** How many paths sort before `bound`. */
  #firstFrom(bound: string): number {
    let low = 0;
    let high = this.files.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.files[middle]?.path ?? "") < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The empty path for what lies at the top. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
