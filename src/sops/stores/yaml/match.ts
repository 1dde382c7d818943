/** Finds, for the children of a changed map or list, the old children that they are or replace. */

import { sameContent } from "../../same-tree.ts";
import type { CommentNode, EntryNode, ValueNode } from "../../tree.ts";

type Child = EntryNode | ValueNode | CommentNode;

/**
 * A child with the comments that stand on its own lines (behind the value, or behind the key of a block). They precede
 * it in the tree and move with it in the text.
 */
export interface Unit {
  readonly beside: readonly CommentNode[];
  readonly node: Child;
}

/** A new unit, the old one that it takes over, and whether it is out of the old order. */
export interface Pair {
  readonly unit: Unit;
  readonly old: number | undefined;
  readonly moved: boolean;
}

/** Old children as units: a comment that begins behind the start of the entry after it stands beside that entry. */
export function groupOld(children: readonly Child[]): Unit[] {
  return group(children, (comment, next) => (comment.span?.start ?? -1) > (next.span?.start ?? 0));
}

/** New children as units: inline comments, and those that stood beside the same entry before. */
export function groupNew(children: readonly Child[], wasBeside: ReadonlySet<CommentNode>): Unit[] {
  return group(children, (comment) => comment.inline === true || wasBeside.has(comment));
}

function group(children: readonly Child[], isBeside: (comment: CommentNode, next: Child) => boolean): Unit[] {
  const units: Unit[] = [];
  let held: CommentNode[] = [];
  for (let index = 0; index < children.length; index++) {
    const child = children[index];
    if (child === undefined) continue;
    if (child.kind !== "comment") {
      units.push({ beside: held, node: child });
      held = [];
      continue;
    }
    const next = nextContent(children, index);
    if (next !== undefined && isBeside(child, next)) held.push(child);
    else units.push({ beside: [], node: child });
  }
  return units;
}

function nextContent(children: readonly Child[], from: number): Child | undefined {
  for (let index = from + 1; index < children.length; index++)
    if (children[index]?.kind !== "comment") return children[index];
  return undefined;
}

/** Pairs new units with old ones: the same object, then what says it replaces one, then the same key or content. */
export function matchUnits(before: readonly Unit[], after: readonly Unit[]): Pair[] {
  const indexes = new Map<Child, number>();
  for (const [index, unit] of before.entries()) indexes.set(unit.node, index);
  const taken = new Set<number>();
  const found = after.map(({ node }) => {
    const was = node.kind !== "comment" && node.kind !== "scalar" ? node.was : undefined;
    const index = indexes.get(node) ?? (was === undefined ? undefined : indexes.get(was));
    if (index === undefined || taken.has(index)) return undefined;
    taken.add(index);
    return index;
  });
  if (found.includes(undefined) && taken.size < before.length) matchByContent(before, after, found, taken);
  const kept = longestRun(found);
  return after.map((unit, index) => ({
    unit,
    old: found[index],
    moved: found[index] !== undefined && !kept.has(index),
  }));
}

function matchByContent(
  before: readonly Unit[],
  after: readonly Unit[],
  found: (number | undefined)[],
  taken: Set<number>,
): void {
  const free = new Map<string, number[]>();
  for (const [index, unit] of before.entries()) {
    if (taken.has(index)) continue;
    const name = nameOf(unit.node);
    const same = free.get(name);
    if (same === undefined) free.set(name, [index]);
    else same.push(index);
  }
  for (const [index, unit] of after.entries()) {
    if (found[index] !== undefined) continue;
    const candidates = free.get(nameOf(unit.node)) ?? [];
    const place = candidates.findIndex((old) => {
      const node = before[old]?.node;
      return node !== undefined && (node.kind === "entry" || sameContent(node, unit.node));
    });
    if (place === -1) continue;
    found[index] = candidates.splice(place, 1)[0];
  }
}

/** Nodes of different names cannot match. */
function nameOf(node: Child): string {
  if (node.kind === "entry") return `entry:${node.key}`;
  if (node.kind === "comment") return `comment:${node.text}`;
  return node.kind === "scalar" && node.scalar.type === "str" ? `scalar:${node.scalar.value}` : node.kind;
}

/** The positions of a longest increasing run among the numbers: what stays in place when the rest moves. */
function longestRun(numbers: readonly (number | undefined)[]): Set<number> {
  const tails: number[] = [];
  const previous: (number | undefined)[] = [];
  for (const [index, number] of numbers.entries()) {
    if (number === undefined) continue;
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[tails[middle] ?? 0] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    previous[index] = low > 0 ? tails[low - 1] : undefined;
    tails[low] = index;
  }
  const kept = new Set<number>();
  for (let at = tails.at(-1); at !== undefined; at = previous[at]) kept.add(at);
  return kept;
}
