/**
 * Freshly parsed plain documents meet the plain documents they were made from: what did not change takes over the old
 * nodes, and with them their encrypted originals. After that an edit writes only what the person changed.
 */
import { shownAlike, shownKey } from "./shown.ts";
import type { Format } from "./store.ts";
import type { CommentNode, EntryNode, ListNode, MapNode, ValueNode } from "./tree.ts";

/** Above this many comparisons, changed maps of a list are paired in order instead of by likeness. */
const MAX_COMPARISONS = 10_000;

/**
 * Documents pair by position, map entries by key, list items by equal value and what is left by likeness, comments by
 * text. Numbers that show alike (`1.0` shown as `1`) count as unchanged and keep their type.
 * @param format what the new documents were parsed from; dotenv, INI and JSON show more types alike than YAML.
 * @returns the new documents; a document in which nothing changed is the old object itself, and so is every part.
 */
export function pair(oldDocuments: readonly MapNode[], newDocuments: readonly MapNode[], format?: Format): MapNode[] {
  return newDocuments.map((document, i) => {
    const old = oldDocuments[i];
    return old === undefined ? document : pairMap(old, document, format);
  });
}

function pairMap(old: MapNode, fresh: MapNode, format: Format | undefined): MapNode {
  const entries = queuesOf(old.entries, (child) => (child.kind === "entry" ? child.key : undefined));
  const comments = queuesOf(old.entries, (child) => (child.kind === "comment" ? child.text : undefined));
  const paired = fresh.entries.map((child): EntryNode | CommentNode => {
    if (child.kind === "comment") return take(comments, child.text) ?? child;
    const match = take(entries, child.key);
    return match?.kind === "entry" ? pairEntry(match, child, format) : child;
  });
  if (sameNodes(old.entries, paired)) return old;
  return { kind: "map", entries: paired, ...(old.origin === undefined ? {} : { origin: old.origin }) };
}

function pairEntry(old: EntryNode, fresh: EntryNode, format: Format | undefined): EntryNode {
  const value = pairValue(old.value, fresh.value, format);
  if (value === old.value) return old;
  return { kind: "entry", key: fresh.key, value, ...(old.origin === undefined ? {} : { origin: old.origin }) };
}

function pairValue(old: ValueNode, fresh: ValueNode, format: Format | undefined): ValueNode {
  if (old.kind === "scalar" && fresh.kind === "scalar") {
    return shownAlike(old.scalar, fresh.scalar, format) ? old : fresh;
  }
  if (old.kind === "map" && fresh.kind === "map") return pairMap(old, fresh, format);
  if (old.kind === "list" && fresh.kind === "list") return pairList(old, fresh, format);
  return fresh;
}

type Item = ValueNode | CommentNode;

/**
 * All items of a list share one key path, so an item keeps its ciphertext wherever in the list it moves: equal items
 * pair first, whatever their place.
 */
function pairList(old: ListNode, fresh: ListNode, format: Format | undefined): ListNode {
  const equal = queuesOf(old.items, shownKey);
  const matched = fresh.items.map((item) => take(equal, shownKey(item)));
  const used = new Set<Item>(matched.filter((item) => item !== undefined));
  const rest = old.items.filter((item) => !used.has(item) && item.kind !== "comment");
  const open = fresh.items.filter((item, i) => matched[i] === undefined && item.kind !== "comment");
  const partners = pairChanged(rest as ValueNode[], open as ValueNode[]);
  const items = fresh.items.map((item, i): Item => {
    const same = matched[i];
    if (same !== undefined) return same;
    const partner = item.kind === "comment" ? undefined : partners.get(item);
    return partner === undefined || item.kind === "comment" ? item : pairValue(partner, item, format);
  });
  if (sameNodes(old.items, items)) return old;
  return { kind: "list", items, ...(old.origin === undefined ? {} : { origin: old.origin }) };
}

/** For each changed item the old one it most likely comes from: of the same kind, with the most equal entries. */
function pairChanged(rest: readonly ValueNode[], open: readonly ValueNode[]): Map<ValueNode, ValueNode> {
  const partners = new Map<ValueNode, ValueNode>();
  const left = [...rest];
  const compare = rest.length * open.length <= MAX_COMPARISONS;
  const keys = new Map<ValueNode, ReadonlySet<string>>();
  const partsOf = (node: ValueNode): ReadonlySet<string> => {
    const known = keys.get(node) ?? new Set(childKeys(node));
    keys.set(node, known);
    return known;
  };
  for (const item of open) {
    let best = -1;
    let bestScore = -1;
    for (const [i, candidate] of left.entries()) {
      if (candidate.kind !== item.kind) continue;
      const score = compare ? commonCount(partsOf(candidate), partsOf(item)) : 0;
      if (score > bestScore) {
        best = i;
        bestScore = score;
      }
      if (!compare) break;
    }
    const [partner] = best === -1 ? [] : left.splice(best, 1);
    if (partner !== undefined) partners.set(item, partner);
  }
  return partners;
}

function childKeys(node: ValueNode): string[] {
  if (node.kind === "scalar") return [];
  if (node.kind === "list") return node.items.map(shownKey);
  return node.entries.flatMap((entry) => (entry.kind === "entry" ? [`${entry.key}=${shownKey(entry.value)}`] : []));
}

function commonCount(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let count = 0;
  for (const key of a) if (b.has(key)) count++;
  return count;
}

/** Nodes by key, each key's in order: repeated keys pair first with first, second with second. */
function queuesOf<T>(nodes: readonly T[], keyOf: (node: T) => string | undefined): Map<string, T[]> {
  const queues = new Map<string, T[]>();
  for (const node of [...nodes].reverse()) {
    const key = keyOf(node);
    if (key === undefined) continue;
    const queue = queues.get(key);
    if (queue === undefined) queues.set(key, [node]);
    else queue.push(node);
  }
  return queues;
}

function take<T>(queues: Map<string, T[]>, key: string): T | undefined {
  return queues.get(key)?.pop();
}

function sameNodes(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((node, i) => node === b[i]);
}
