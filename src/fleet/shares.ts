/** A data key that is split among several key groups: one reader alone does not open the document. */

/** It takes one reader each of `needed` groups. */
export interface Shares {
  /** Canonical ids; groups, and the ids in each, are sorted. */
  readonly groups: readonly (readonly string[])[];
  readonly needed: number;
}

/**
 * Undefined for one group: then each reader opens the document alone.
 * @param threshold 0 stands for all groups, as sops reads it
 */
export function sharesOf(groups: readonly (readonly string[])[], threshold: number): Shares | undefined {
  if (groups.length <= 1) return undefined;
  return {
    groups: groups.map((group) => [...new Set(group)].sort()).sort(compareGroups),
    // sops lowers what no number of groups could meet.
    needed: threshold === 0 ? groups.length : Math.min(threshold, groups.length),
  };
}

/** Whether two documents, or a document and a rule, are split the same way. */
export function sameShares(a: Shares | undefined, b: Shares | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.needed === b.needed && JSON.stringify(a.groups) === JSON.stringify(b.groups);
}

/** Whether somebody can open a document by themselves. */
export function opensAlone(
  document: { readonly readers: readonly { readonly id: string }[]; readonly shares?: Shares },
  holds: (id: string) => boolean,
): boolean {
  const { readers, shares } = document;
  if (shares === undefined) return readers.some(({ id }) => holds(id));
  return shares.groups.filter((group) => group.some(holds)).length >= shares.needed;
}

function compareGroups(a: readonly string[], b: readonly string[]): number {
  const [one, other] = [a.join(" "), b.join(" ")];
  return one < other ? -1 : one > other ? 1 : 0;
}
