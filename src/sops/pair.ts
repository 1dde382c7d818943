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
  const rest = old.items.filter((item) => !used.has(item)).filter(isContainer);
  const partners = pairChanged(rest, fresh.items.filter((_, i) => matched[i] === undefined).filter(isContainer));
  const items = fresh.items.map((item, i): Item => {
    const same = matched[i];
    if (same !== undefined) return same;
    const partner = isContainer(item) ? partners.get(item) : undefined;
    return partner === undefined || !isContainer(item) ? item : pairValue(partner, item, format);
  });
  if (sameNodes(old.items, items)) return old;
  return { kind: "list", items, ...(old.origin === undefined ? {} : { origin: old.origin }) };
}

type Container = MapNode | ListNode;

function isContainer(item: Item): item is Container {
  return item.kind === "map" || item.kind === "list";
}

/** For each changed map or list the old one it most likely comes from: of the same kind, with the most equal parts. */
function pairChanged(rest: readonly Container[], open: readonly Container[]): Map<Container, Container> {
  const partners = new Map<Container, Container>();
  const compare = rest.length * open.length <= MAX_COMPARISONS;
  const parts = new Map([...rest, ...open].map((node) => [node, new Set(compare ? childKeys(node) : [])]));
  for (const kind of ["map", "list"] as const) {
    const left = new Set(rest.filter((node) => node.kind === kind));
    for (const item of open) {
      if (item.kind !== kind) continue;
      const partner = mostAlike(left, item, parts, compare);
      if (partner === undefined) break;
      left.delete(partner);
      partners.set(item, partner);
    }
  }
  return partners;
}

/** The first of the best; simply the first if there are too many to compare. */
function mostAlike(
  left: ReadonlySet<Container>,
  item: Container,
  parts: ReadonlyMap<Container, ReadonlySet<string>>,
  compare: boolean,
): Container | undefined {
  let best: Container | undefined;
  let bestScore = -1;
  for (const candidate of left) {
    const score = commonCount(parts.get(candidate) ?? new Set(), parts.get(item) ?? new Set());
    if (score > bestScore) [best, bestScore] = [candidate, score];
    if (!compare) break;
  }
  return best;
}

function childKeys(node: Container): string[] {
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
