/** The metadata of a new document, laid out as sops 3.13.3 does: every map sorted by key name. */
import type { MasterKeyType } from "./metadata.ts";
import type { Selector } from "./selectors.ts";
import type { EntryNode, ListNode, MapNode, ScalarValue, ValueNode } from "./tree.ts";

/** What new documents claim to be written by: the sops release whose layout they have. */
const SOPS_VERSION = "3.13.3";

/** A key entry to be written: the reader, and the data key or share sealed to it. */
export interface SealedKey {
  readonly type: MasterKeyType;
  readonly id: string;
  readonly enc: string;
  /** RFC 3339; age entries have none. */
  readonly createdAt: string;
}

export interface NewMetadata {
  readonly groups: readonly (readonly SealedKey[])[];
  /** Written only for two or more groups. */
  readonly shamirThreshold: number;
  readonly lastModified: string;
  readonly mac: string;
  /** undefined writes none: binary documents have no selector. */
  readonly selector: Selector | undefined;
  readonly macOnlyEncrypted: boolean;
}

export function layOutMetadata(metadata: NewMetadata): MapNode {
  const fields = new Map<string, ValueNode>();
  const [first = []] = metadata.groups;
  if (metadata.groups.length === 1) {
    for (const [type, list] of keyLists(first)) fields.set(type, list);
  } else {
    fields.set("key_groups", { kind: "list", items: metadata.groups.map(layOutGroup) });
    fields.set("shamir_threshold", scalar({ type: "int", value: BigInt(metadata.shamirThreshold) }));
  }
  fields.set("lastmodified", text(metadata.lastModified));
  fields.set("mac", text(metadata.mac));
  if (metadata.selector !== undefined) fields.set(metadata.selector.kind, text(metadata.selector.pattern));
  if (metadata.macOnlyEncrypted) fields.set("mac_only_encrypted", scalar({ type: "bool", value: true }));
  fields.set("version", text(SOPS_VERSION));
  return sorted(fields);
}

/** A group among several; in it, sops writes these two lists even when they are empty. */
export function layOutGroup(keys: readonly SealedKey[]): MapNode {
  const lists = keyLists(keys);
  for (const type of ["age", "hc_vault"]) if (!lists.has(type)) lists.set(type, { kind: "list", items: [] });
  return sorted(lists);
}

function keyLists(keys: readonly SealedKey[]): Map<string, ListNode> {
  const lists = new Map<string, ListNode>();
  for (const key of keys) {
    const items = lists.get(key.type)?.items ?? [];
    lists.set(key.type, { kind: "list", items: [...items, layOutKey(key)] });
  }
  return lists;
}

/** One entry of a list of readers. */
export function layOutKey(key: SealedKey): MapNode {
  const fields = new Map<string, ValueNode>([["enc", text(key.enc)]]);
  if (key.type === "age") fields.set("recipient", text(key.id));
  if (key.type === "pgp") {
    fields.set("created_at", text(key.createdAt));
    fields.set("fp", text(key.id));
  }
  return sorted(fields);
}

function sorted(fields: ReadonlyMap<string, ValueNode>): MapNode {
  const keys = [...fields.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  return { kind: "map", entries: keys.map(([key, value]): EntryNode => ({ kind: "entry", key, value })) };
}

function text(value: string): ValueNode {
  return scalar({ type: "str", value });
}

function scalar(value: ScalarValue): ValueNode {
  return { kind: "scalar", scalar: value };
}
