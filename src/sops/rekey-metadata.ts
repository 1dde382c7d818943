/**
 * The metadata of a document with other readers in it, in the layout that the file has: what is not about a reader who
 * comes, goes or is sealed to anew stays the same object, and so keeps its bytes.
 */
import { layOutGroup, layOutKey, type SealedKey } from "./metadata-layout.ts";
import { scalarText } from "./scalar.ts";
import type { EntryNode, ListNode, MapNode, ScalarNode, ValueNode } from "./tree.ts";

/** The place of one reader in a group. */
export interface Seat {
  /** The entry that the reader has in the file. */
  readonly entry?: MapNode | undefined;
  /** What to write into that entry, or as a new one; without it the entry stays as it is. */
  readonly sealed?: SealedKey | undefined;
}

/**
 * Since 3.13.0 sops sorts every map of the metadata by name. A map that is not sorted has one of the orders of before,
 * of which this is what readers need.
 */
const OLD_ORDER: readonly string[] = [
  ...["shamir_threshold", "key_groups", "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "age"],
  ...["lastmodified", "mac", "pgp", "unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex"],
  ...["unencrypted_comment_regex", "encrypted_comment_regex", "mac_only_encrypted", "version"],
];
const OLD_GROUP_ORDER: readonly string[] = ["pgp", "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "age"];

/** The lists of readers, by type. */
const LISTS: ReadonlySet<string> = new Set(OLD_GROUP_ORDER);
/** In a group among several, sops writes these even when they are empty. */
const WRITTEN_EMPTY: ReadonlySet<string> = new Set(["age", "hc_vault"]);

/**
 * @param groups one: flat lists at the top of the metadata; several: `key_groups` and the threshold. Within a type the
 *   entries that stand in the same group of the file keep their order, and the others follow in the order given.
 * @param shamirThreshold written for several groups only
 * @returns `tree` itself when nothing changes
 */
export function changeReaders(tree: MapNode, groups: readonly (readonly Seat[])[], shamirThreshold: number): MapNode {
  const [only = []] = groups;
  const before = itemsOf(fieldOf(tree, "key_groups")?.value).filter((item) => item.kind === "map");
  if (groups.length === 1) {
    const flat = changeLists(tree, only, false);
    // Beside flat lists sops does not look at groups: what is left of them would only hide who could read once.
    return before.length === 0 ? flat : setField(setField(flat, "key_groups"), "shamir_threshold");
  }
  const items = groups.map((seats, i) => {
    const group = before[i];
    return group === undefined ? layOutGroup(sealedIn(seats)) : changeLists(group, seats, true);
  });
  const threshold: ScalarNode = { kind: "scalar", scalar: { type: "int", value: BigInt(shamirThreshold) } };
  const bare = changeLists(tree, [], false);
  return setField(setField(bare, "key_groups", { kind: "list", items }), "shamir_threshold", threshold);
}

/** Whether the readers stand at the top of the metadata; sops then looks at no others. */
export function hasFlatLists(tree: MapNode): boolean {
  return [...LISTS].some((type) => itemsOf(fieldOf(tree, type)?.value).length > 0);
}

/** The lists of one group. @param among whether it is one of several, and not the top of the metadata */
function changeLists(group: MapNode, seats: readonly Seat[], among: boolean): MapNode {
  const sorted = isSorted(group);
  const before = new Set([...LISTS].flatMap((type) => itemsOf(fieldOf(group, type)?.value)));
  const seated = new Map(seats.flatMap((seat) => (seat.entry === undefined ? [] : [[seat.entry, seat] as const])));
  const added = sealedIn(seats.filter(({ entry }) => entry === undefined || !before.has(entry)));
  let changed = group;
  for (const type of LISTS) {
    const old = itemsOf(fieldOf(group, type)?.value);
    const like = old.find((item) => item.kind === "map");
    const items: ListNode["items"] = [
      ...old.flatMap((item): ListNode["items"] => (item.kind === "map" ? changeEntry(item, seated.get(item)) : [item])),
      ...added.filter((key) => key.type === type).map((key) => layOutLike(key, like, sorted)),
    ];
    if (items.length === old.length && items.every((item, i) => item === old[i])) continue;
    const filled = items.some((item) => item.kind === "map");
    changed = setField(changed, type, filled ? { kind: "list", items } : emptyList(group, type, among), among);
  }
  return changed;
}

function sealedIn(seats: readonly Seat[]): SealedKey[] {
  return seats.flatMap(({ sealed }) => (sealed === undefined ? [] : [sealed]));
}

function changeEntry(node: MapNode, seat: Seat | undefined): MapNode[] {
  if (seat === undefined) return [];
  return [seat.sealed === undefined ? node : sealAnew(node, seat.sealed)];
}

/** The same entry with what is new in it; fields that we do not know stay. */
function sealAnew(node: MapNode, key: SealedKey): MapNode {
  let changed = node;
  for (const field of layOutKey(key).entries) {
    if (field.kind === "entry") changed = setField(changed, field.key, field.value);
  }
  return changed;
}

/** A new entry with its fields in the order of the one that stands in the list already, or of the file's other maps. */
function layOutLike(key: SealedKey, like: MapNode | undefined, sorted: boolean): MapNode {
  const fresh = layOutKey(key);
  const order = like?.entries.flatMap((entry) => (entry.kind === "entry" ? [entry.key] : [])) ?? [];
  if (like === undefined && !sorted) order.push("recipient");
  const rank = (entry: MapNode["entries"][number]): number => {
    const place = entry.kind === "entry" ? order.indexOf(entry.key) : -1;
    return place < 0 ? order.length : place;
  };
  return { kind: "map", entries: fresh.entries.toSorted((a, b) => rank(a) - rank(b)) };
}

/**
 * What stands in the place of a list that nobody is left in. Up to 3.9 sops wrote lists of all types, the empty ones
 * as `[]` or as null; later it leaves them out.
 */
function emptyList(group: MapNode, type: string, among: boolean): ValueNode | undefined {
  const empty = group.entries.flatMap((entry) =>
    entry.kind === "entry" && entry.key !== type && LISTS.has(entry.key) && itemsOf(entry.value).length === 0
      ? [entry.value]
      : [],
  )[0];
  if (among ? !WRITTEN_EMPTY.has(type) : empty === undefined) return undefined;
  return empty?.kind === "scalar" ? { kind: "scalar", scalar: empty.scalar } : { kind: "list", items: [] };
}

/** The map with a field set in its place, or put where sops puts it, or without it; same text, same map. */
function setField(map: MapNode, key: string, value?: ValueNode, among = false): MapNode {
  const old = fieldOf(map, key);
  if (old === undefined)
    return value === undefined ? map : withEntries(map, inserted(map, { kind: "entry", key, value }, among));
  if (value !== undefined && sameText(old.value, value)) return map;
  return withEntries(
    map,
    map.entries.flatMap((entry): MapNode["entries"] => {
      if (entry !== old) return [entry];
      return value === undefined ? [] : [{ kind: "entry", key, value: inPlaceOf(old.value, value), was: old }];
    }),
  );
}

/** Before the first field that sops puts behind it, and before the comments above that. */
function inserted(map: MapNode, field: EntryNode, among: boolean): MapNode["entries"] {
  const { entries } = map;
  const order = among ? OLD_GROUP_ORDER : OLD_ORDER;
  const sorted = isSorted(map);
  const isBehind = (key: string) => (sorted ? key > field.key : order.indexOf(key) > order.indexOf(field.key));
  let place = entries.findIndex((entry) => entry.kind === "entry" && isBehind(entry.key));
  if (place < 0) place = entries.length;
  else while (entries[place - 1]?.kind === "comment") place--;
  return [...entries.slice(0, place), field, ...entries.slice(place)];
}

/** A map that was changed already still takes the place of the one in the file. */
function withEntries(map: MapNode, entries: MapNode["entries"]): MapNode {
  return { kind: "map", entries, was: map.was ?? map };
}

function inPlaceOf(old: ValueNode, value: ValueNode): ValueNode {
  if (value.kind === "list" && old.kind === "list") return { ...value, was: old };
  return value;
}

function fieldOf(map: MapNode, key: string): EntryNode | undefined {
  return map.entries.find((entry): entry is EntryNode => entry.kind === "entry" && entry.key === key);
}

/** A single map counts as a list of one, as it does for sops. */
function itemsOf(value: ValueNode | undefined): ListNode["items"] {
  if (value?.kind === "list") return value.items;
  return value?.kind === "map" && value.entries.length > 0 ? [value] : [];
}

function isSorted(map: MapNode): boolean {
  const keys = map.entries.flatMap((entry) => (entry.kind === "entry" ? [entry.key] : []));
  return keys.every((key, i) => i === 0 || (keys[i - 1] ?? "") < key);
}

function sameText(a: ValueNode, b: ValueNode): boolean {
  if (a.kind !== "scalar" || b.kind !== "scalar") return false;
  return scalarText(a.scalar) === scalarText(b.scalar);
}
