/**
 * Two people changed one document: the three-way merge of plain documents by key path. Only changes of different keys
 * are put together; anything else is named as a conflict and decided by a person.
 */
import { pair } from "./pair.ts";
import { shownKey } from "./shown.ts";
import type { CommentNode, EntryNode, KeyPath, MapNode, ValueNode } from "./tree.ts";

export type Merged =
  | { readonly merged: readonly MapNode[]; readonly conflicts?: undefined }
  | { readonly merged?: undefined; readonly conflicts: readonly KeyPath[] };

/**
 * @param theirs the side that is on disk: the merged documents carry its origins and are written over it.
 * @returns the merged documents, or every key path that both sides changed in different ways.
 */
export function merge(base: readonly MapNode[], mine: readonly MapNode[], theirs: readonly MapNode[]): Merged {
  if (base.length !== mine.length || base.length !== theirs.length) {
    const sameSides = mine.length === theirs.length && mine.every((document, i) => alike(document, theirs[i]));
    return sameSides ? { merged: theirs } : { conflicts: [[]] };
  }
  const conflicts: KeyPath[] = [];
  const merged = base.map((document, i) => {
    const [a, b] = [mine[i] ?? document, theirs[i] ?? document];
    return mergeMaps(document, a, b, [], conflicts);
  });
  return conflicts.length > 0 ? { conflicts } : { merged: pair(theirs, merged) };
}

/** An entry with the comments above it; they move and change together. The last unit may have comments only. */
interface Unit {
  readonly comments: readonly CommentNode[];
  readonly entry: EntryNode | undefined;
}

function mergeMaps(base: MapNode, mine: MapNode, theirs: MapNode, path: KeyPath, conflicts: KeyPath[]): MapNode {
  if (alike(mine, base) || alike(mine, theirs)) return theirs;
  if (alike(theirs, base)) return mine;
  const [before, left, right] = [unitsOf(base), unitsOf(mine), unitsOf(theirs)];
  const merged: Unit[] = [];
  for (const [name, theirUnit] of right) {
    const unit = mergeUnits(before.get(name), left.get(name), theirUnit, path, conflicts);
    if (unit !== undefined) merged.push(unit);
  }
  insertMine(merged, before, left, right, path, conflicts);
  const entries = merged.flatMap(({ comments, entry }) => [...comments, ...(entry === undefined ? [] : [entry])]);
  return { kind: "map", entries };
}

/** What is only on my side: new, or gone on theirs. It goes behind what stands before it on my side. */
function insertMine(
  merged: Unit[],
  before: ReadonlyMap<string, Unit>,
  left: ReadonlyMap<string, Unit>,
  right: ReadonlyMap<string, Unit>,
  path: KeyPath,
  conflicts: KeyPath[],
): void {
  let previous: string | undefined;
  for (const [name, unit] of left) {
    if (!right.has(name)) {
      const kept = mergeUnits(before.get(name), unit, undefined, path, conflicts);
      const at = previous === undefined ? 0 : merged.findIndex((other) => nameOf(other) === previous) + 1;
      if (kept !== undefined) merged.splice(at === 0 && previous !== undefined ? merged.length : at, 0, kept);
    }
    previous = name;
  }
}

function mergeUnits(
  base: Unit | undefined,
  mine: Unit | undefined,
  theirs: Unit | undefined,
  path: KeyPath,
  conflicts: KeyPath[],
): Unit | undefined {
  if (sameUnit(mine, base) || sameUnit(mine, theirs)) return theirs;
  if (sameUnit(theirs, base)) return mine;
  const key = mine?.entry?.key ?? theirs?.entry?.key;
  const inner = key === undefined ? path : [...path, key];
  if (mine === undefined || theirs === undefined || mine.entry === undefined || theirs.entry === undefined) {
    conflicts.push(inner);
    return theirs;
  }
  const comments = pick(base?.comments ?? [], mine.comments, theirs.comments);
  if (comments === undefined) conflicts.push(inner);
  const value = mergeValues(base?.entry?.value, mine.entry.value, theirs.entry.value, inner, conflicts);
  return { comments: comments ?? theirs.comments, entry: { kind: "entry", key: theirs.entry.key, value } };
}

function mergeValues(
  base: ValueNode | undefined,
  mine: ValueNode,
  theirs: ValueNode,
  path: KeyPath,
  conflicts: KeyPath[],
): ValueNode {
  if (alike(mine, base) || alike(mine, theirs)) return theirs;
  if (alike(theirs, base)) return mine;
  if (mine.kind === "map" && theirs.kind === "map" && (base === undefined || base.kind === "map")) {
    return mergeMaps(base ?? { kind: "map", entries: [] }, mine, theirs, path, conflicts);
  }
  conflicts.push(path);
  return theirs;
}

function pick(
  base: readonly CommentNode[],
  mine: readonly CommentNode[],
  theirs: readonly CommentNode[],
): readonly CommentNode[] | undefined {
  const [was, left, right] = [keyOf(base), keyOf(mine), keyOf(theirs)];
  if (left === was || left === right) return theirs;
  return right === was ? mine : undefined;
}

function sameUnit(a: Unit | undefined, b: Unit | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return keyOf(a.comments) === keyOf(b.comments) && alike(a.entry?.value, b.entry?.value);
}

function keyOf(comments: readonly CommentNode[]): string {
  return comments.map(shownKey).join("");
}

function alike(a: ValueNode | undefined, b: ValueNode | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || shownKey(a) === shownKey(b);
}

/** By name: the key, with a count for a repeated one; comments at the end have the name of no key. */
function unitsOf(map: MapNode): Map<string, Unit> {
  const units = new Map<string, Unit>();
  let comments: CommentNode[] = [];
  for (const child of map.entries) {
    if (child.kind === "comment") {
      comments.push(child);
      continue;
    }
    let name = `k${child.key}`;
    for (let i = 2; units.has(name); i++) name = `${i}k${child.key}`;
    units.set(name, { comments, entry: child });
    comments = [];
  }
  if (comments.length > 0) units.set("", { comments, entry: undefined });
  return units;
}

function nameOf(unit: Unit): string {
  return unit.entry === undefined ? "" : `k${unit.entry.key}`;
}
