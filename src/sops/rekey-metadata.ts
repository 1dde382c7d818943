/** The metadata of a document with other readers in it; whatever is not about readers stays the same objects. */
import { layOutGroup, layOutKey, type SealedKey } from "./metadata-layout.ts";
import type { EntryNode, ListNode, MapNode, ValueNode } from "./tree.ts";

/** The lists of one group, as they stand at the top of the metadata. */
const LISTS: ReadonlySet<string> = new Set(["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp", "age"]);

/**
 * The flat lists of a document that has one group: entries for which `keep` says no are gone, and `added` stand at the
 * end of the list of their type.
 */
export function changeFlatLists(
  tree: MapNode,
  keep: (entry: MapNode) => boolean,
  added: readonly SealedKey[],
): MapNode {
  let entries: MapNode["entries"] = tree.entries.flatMap((entry) => {
    if (entry.kind !== "entry" || !LISTS.has(entry.key)) return [entry];
    const items = itemsOf(entry.value);
    const kept = items.filter((item) => item.kind !== "map" || keep(item));
    const more = added.filter(({ type }) => type === entry.key).map(layOutKey);
    if (kept.length === items.length && more.length === 0) return [entry];
    // An empty list is left out, as sops leaves it out.
    return kept.length + more.length === 0 ? [] : [withValue(entry, [...kept, ...more])];
  });
  const present = new Set(entries.flatMap((entry) => (entry.kind === "entry" ? [entry.key] : [])));
  for (const type of new Set(added.map((key) => key.type))) {
    if (present.has(type)) continue;
    const items = added.filter((key) => key.type === type).map(layOutKey);
    entries = inserted(entries, { kind: "entry", key: type, value: { kind: "list", items } });
  }
  return { kind: "map", entries, was: tree };
}

/** All readers anew: flat lists for one group, `key_groups` for several, as sops lays them out. */
export function replaceGroups(
  tree: MapNode,
  groups: readonly (readonly SealedKey[])[],
  shamirThreshold: number,
): MapNode {
  const [first = []] = groups;
  const fields: EntryNode[] =
    groups.length === 1
      ? [...new Set(first.map(({ type }) => type))].map((type) => ({
          kind: "entry",
          key: type,
          value: { kind: "list", items: first.filter((key) => key.type === type).map(layOutKey) },
        }))
      : [
          { kind: "entry", key: "key_groups", value: { kind: "list", items: groups.map(layOutGroup) } },
          {
            kind: "entry",
            key: "shamir_threshold",
            value: { kind: "scalar", scalar: { type: "int", value: BigInt(shamirThreshold) } },
          },
        ];
  const isReaders = (key: string) => LISTS.has(key) || key === "key_groups" || key === "shamir_threshold";
  const wanted = new Map(fields.map((field) => [field.key, field]));
  let entries: MapNode["entries"] = tree.entries.flatMap((entry) => {
    if (entry.kind !== "entry" || !isReaders(entry.key)) return [entry];
    const field = wanted.get(entry.key);
    wanted.delete(entry.key);
    return field === undefined ? [] : [{ ...field, was: entry }];
  });
  for (const field of wanted.values()) entries = inserted(entries, field);
  return { kind: "map", entries, was: tree };
}

/** Before the first field that comes after it by name: where sops, which sorts them, puts it. */
function inserted(entries: MapNode["entries"], field: EntryNode): MapNode["entries"] {
  const place = entries.findIndex((entry) => entry.kind === "entry" && !LISTS.has(entry.key) && entry.key > field.key);
  return place < 0 ? [...entries, field] : [...entries.slice(0, place), field, ...entries.slice(place)];
}

function itemsOf(value: ValueNode): ListNode["items"] {
  if (value.kind === "list") return value.items;
  return value.kind === "map" && value.entries.length > 0 ? [value] : [];
}

function withValue(entry: EntryNode, items: ListNode["items"]): EntryNode {
  const list: ListNode = { kind: "list", items, ...(entry.value.kind === "list" ? { was: entry.value } : {}) };
  return { kind: "entry", key: entry.key, value: list, was: entry };
}
