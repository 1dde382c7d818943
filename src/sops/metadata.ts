/**
 * The metadata of a document: who can open it, by which selector, and its MAC. Every layout from sops 3.7 on is read;
 * unknown keys and key types that are not opened here stay in the tree untouched.
 */
import { SecretsError } from "../errors.ts";
import { normalizeTime, scalarText } from "./scalar.ts";
import { DEFAULT_SELECTOR, SELECTOR_KINDS, type Selector } from "./selectors.ts";
import type { MapNode, ScalarNode, ValueNode } from "./tree.ts";

export type MasterKeyType = "age" | "pgp" | "kms" | "gcp_kms" | "hckms" | "azure_kv" | "hc_vault";

/** One recipient's entry: a wrapped copy of the data key, or of a Shamir share of it. */
export interface MasterKey {
  readonly type: MasterKeyType;
  /** What names the reader: age recipient, PGP fingerprint, ARN, resource id, key id, or the address of the key. */
  readonly id: string;
  /** The wrapped key as the file holds it. */
  readonly enc: string;
  readonly createdAt?: string;
  readonly node: MapNode;
}

export interface Metadata {
  /** One group, or several when the data key is split. Within a group: by type as sops orders them, then the file's order. */
  readonly keyGroups: readonly (readonly MasterKey[])[];
  /** 0 when the file states none. */
  readonly shamirThreshold: number;
  /** RFC 3339. */
  readonly lastModified: string;
  readonly mac: string | undefined;
  /** Empty when the file states none: such a file is listed but not opened. */
  readonly version: string;
  readonly selector: Selector;
  readonly macOnlyEncrypted: boolean;
  readonly tree: MapNode;
}

/** The order in which sops lists a group's keys, with the fields that name each type of key. */
const KEY_TYPES: readonly {
  readonly type: MasterKeyType;
  readonly name: (field: (key: string) => string) => string;
}[] = [
  { type: "kms", name: (field) => field("arn") },
  { type: "gcp_kms", name: (field) => field("resource_id") },
  { type: "hckms", name: (field) => field("key_id") },
  { type: "azure_kv", name: (field) => `${field("vault_url")}/keys/${field("name")}/${field("version")}` },
  {
    type: "hc_vault",
    name: (field) => `${field("vault_address")}/v1/${field("engine_path")}/keys/${field("key_name")}`,
  },
  { type: "pgp", name: (field) => field("fp") },
  { type: "age", name: (field) => field("recipient") },
];

/**
 * @throws SecretsError `E_METADATA` for metadata that sops could not use either: no keys, no valid date, more than one
 *   selector, a field of the wrong kind.
 */
export function readMetadata(tree: MapNode): Metadata {
  const selectors = SELECTOR_KINDS.map((kind) => ({ kind, pattern: textField(tree, kind) }));
  const stated = selectors.filter(({ pattern }) => pattern !== "");
  if (stated.length > 1) throw fault("states more than one selector");
  const lastModified = textField(tree, "lastmodified");
  if (normalizeTime(lastModified) === undefined) throw fault("has no valid date");
  const mac = textField(tree, "mac");
  return {
    keyGroups: readKeyGroups(tree),
    shamirThreshold: readCount(tree, "shamir_threshold"),
    lastModified,
    mac: mac === "" ? undefined : mac,
    version: textField(tree, "version"),
    selector: stated[0] ?? DEFAULT_SELECTOR,
    macOnlyEncrypted: readFlag(tree, "mac_only_encrypted"),
    tree,
  };
}

/** Every reader of a document, group after group. */
export function recipientsOf(metadata: Metadata): MasterKey[] {
  return metadata.keyGroups.flat();
}

/** The metadata with another MAC and date; all other entries stay the same objects, whether they were changed or not. */
export function restamp(tree: MapNode, mac: string, lastModified: string): MapNode {
  const entries = tree.entries.map((entry) => {
    if (entry.kind !== "entry" || (entry.key !== "mac" && entry.key !== "lastmodified")) return entry;
    const value = textNode(entry.key === "mac" ? mac : lastModified);
    return { kind: "entry" as const, key: entry.key, value, was: entry };
  });
  return { kind: "map", entries, was: tree.was ?? tree };
}

/** A string as a node of its own. */
function textNode(value: string): ScalarNode {
  return { kind: "scalar", scalar: { type: "str", value } };
}

/** Flat lists win over `key_groups`, as in sops. */
function readKeyGroups(tree: MapNode): MasterKey[][] {
  const flat = readGroup(tree);
  if (flat.length > 0) return [flat];
  const groups = children(tree, "key_groups").map(readGroup);
  if (groups.length === 0) throw fault("names no recipients");
  return groups;
}

function readGroup(group: MapNode): MasterKey[] {
  return KEY_TYPES.flatMap(({ type, name }) =>
    children(group, type).map((node) => {
      const createdAt = textField(node, "created_at");
      return {
        type,
        id: name((key) => textField(node, key)),
        enc: textField(node, "enc"),
        ...(createdAt === "" ? {} : { createdAt }),
        node,
      };
    }),
  );
}

/** The maps of a list; none for null, and a single map counts as a list of one, as in sops. */
function children(tree: MapNode, key: string): MapNode[] {
  const value = field(tree, key);
  if (value === undefined || isEmpty(value)) return [];
  if (value.kind === "map") return value.entries.length === 0 ? [] : [value];
  if (value.kind === "scalar") throw fault(`has a field '${key}' that is not a list`);
  return value.items.flatMap((item) => {
    if (item.kind === "comment") return [];
    if (item.kind !== "map") throw fault(`has an entry under '${key}' that is not a map`);
    return [item];
  });
}

function field(tree: MapNode, key: string): ValueNode | undefined {
  for (const entry of tree.entries) if (entry.kind === "entry" && entry.key === key) return entry.value;
  return undefined;
}

function isEmpty(value: ValueNode): boolean {
  return value.kind === "scalar" && (value.scalar.type === "null" || scalarText(value.scalar) === "");
}

function textField(tree: MapNode, key: string): string {
  const value = field(tree, key);
  if (value === undefined) return "";
  if (value.kind !== "scalar") throw fault(`has a field '${key}' that is not text`);
  return scalarText(value.scalar);
}

function readCount(tree: MapNode, key: string): number {
  const text = textField(tree, key);
  if (!/^\d{0,3}$/.test(text)) throw fault(`has a field '${key}' that is not a small number`);
  return Number(text);
}

function readFlag(tree: MapNode, key: string): boolean {
  const text = textField(tree, key).toLowerCase();
  if (text === "true" || text === "1" || text === "t") return true;
  if (text === "" || text === "false" || text === "0" || text === "f") return false;
  throw fault(`has a field '${key}' that is neither true nor false`);
}

function fault(what: string): SecretsError {
  return new SecretsError("E_METADATA", `The sops metadata of this document ${what}.`, {
    hint: "Restore it from git history; after a merge, resolve the conflict in the metadata first.",
  });
}
