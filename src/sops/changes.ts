/** What an edit did, by name only: which keys came, went or changed. */
import { shownAlike, shownKey } from "./shown.ts";
import type { Format } from "./store.ts";
import type { KeyPath, ListNode, MapNode, ValueNode } from "./tree.ts";

export interface Changes {
  /** The topmost key path of what is new; its inner keys are not listed one by one. */
  readonly added: readonly KeyPath[];
  readonly changed: readonly KeyPath[];
  readonly removed: readonly KeyPath[];
}

interface Found {
  readonly added: KeyPath[];
  readonly changed: KeyPath[];
  readonly removed: KeyPath[];
}

/** Comments and order are not reported: they have no key. */
export function changes(oldDocuments: readonly MapNode[], newDocuments: readonly MapNode[], format?: Format): Changes {
  const found: Found = { added: [], changed: [], removed: [] };
  const count = Math.max(oldDocuments.length, newDocuments.length);
  const empty: MapNode = { kind: "map", entries: [] };
  for (let i = 0; i < count; i++) compareMaps(oldDocuments[i] ?? empty, newDocuments[i] ?? empty, [], format, found);
  return found;
}

function compare(a: ValueNode, b: ValueNode, path: KeyPath, format: Format | undefined, found: Found): void {
  if (a === b) return;
  if (a.kind === "map" && b.kind === "map") compareMaps(a, b, path, format, found);
  else if (a.kind === "list" && b.kind === "list") compareLists(a, b, path, format, found);
  else if (a.kind !== "scalar" || b.kind !== "scalar" || !shownAlike(a.scalar, b.scalar, format))
    found.changed.push(path);
}

function compareMaps(a: MapNode, b: MapNode, path: KeyPath, format: Format | undefined, found: Found): void {
  const before = valuesByKey(a);
  const after = valuesByKey(b);
  for (const [key, value] of before) {
    const now = after.get(key);
    if (now === undefined) found.removed.push([...path, key]);
    else compare(value, now, [...path, key], format, found);
  }
  for (const key of after.keys()) if (!before.has(key)) found.added.push([...path, key]);
}

/** Items have no name but their place: equal ones are set aside, the others are compared in order. */
function compareLists(a: ListNode, b: ListNode, path: KeyPath, format: Format | undefined, found: Found): void {
  const before = a.items.flatMap((item) => (item.kind === "comment" ? [] : [item]));
  const after = b.items.flatMap((item) => (item.kind === "comment" ? [] : [item]));
  const counts = new Map<string, number>();
  for (const item of before) counts.set(shownKey(item), (counts.get(shownKey(item)) ?? 0) + 1);
  const fresh = after.map((item, i) => [item, i] as const).filter(([item]) => !takeOne(counts, shownKey(item)));
  // What is left over are the ones that went; of several equal items the last, as a person would put it.
  const left = before.map((item, i) => [item, i] as const).reverse();
  const gone = left.filter(([item]) => takeOne(counts, shownKey(item))).reverse();
  for (const [i, [item, index]] of fresh.entries()) {
    const [old] = gone[i] ?? [];
    if (old === undefined) found.added.push([...path, index]);
    else compare(old, item, [...path, index], format, found);
  }
  for (const [, index] of gone.slice(fresh.length)) found.removed.push([...path, index]);
}

function takeOne(counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key) ?? 0;
  if (count > 0) counts.set(key, count - 1);
  return count > 0;
}

/** A repeated key (INI sections) counts by its first occurrence with a number behind the others. */
function valuesByKey(map: MapNode): Map<string, ValueNode> {
  const values = new Map<string, ValueNode>();
  for (const entry of map.entries) {
    if (entry.kind !== "entry") continue;
    let key = entry.key;
    for (let i = 2; values.has(key); i++) key = `${entry.key} (${i})`;
    values.set(key, entry.value);
  }
  return values;
}
