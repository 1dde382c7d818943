/** Who shall read a document after a change, from who read it before. */
import type { Readers, Witness } from "./access-witness.ts";

/** These documents are read by somebody else too. */
export function plus(paths: readonly string[], ...names: string[]): Readers {
  return (path, before) => (paths.includes(path) ? [...new Set([...before, ...names])] : before);
}

/** These documents are no longer read by these. */
export function minus(paths: readonly string[], ...names: string[]): Readers {
  return (path, before) => (paths.includes(path) ? before.filter((name) => !names.includes(name)) : before);
}

/** Another key in the place of one. */
export function insteadOf(old: string, name: string): Readers {
  return (_, before) => before.map((one) => (one === old ? name : one));
}

/** One after the other. */
export function allOf(...changes: readonly Readers[]): Readers {
  return (path, before) => changes.reduce((readers, change) => change(path, readers), before);
}

export function readBy(seen: Witness, name: string): string[] {
  return seen.paths().filter((path) => seen.readers(path).includes(name));
}

/** The secrets of clan's tree. */
export function clanSecrets(seen: Witness): string[] {
  return seen.paths().filter((path) => path.endsWith("/secret"));
}
