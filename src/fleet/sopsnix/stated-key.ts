/** The keys that a rule names: in one flat group, or in `key_groups`, among which the data key is split. */
import { parseRecipient, recipientId } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import type { MasterKeyType } from "../../sops/metadata.ts";
import { fingerprintId, isFingerprint } from "../fingerprint.ts";
import { type ConfigMap, type ConfigText, type ConfigValue, configFault, isEmpty } from "./config-tree.ts";

/** A recipient as a configuration states it. */
export interface StatedKey {
  readonly type: MasterKeyType;
  /** Canonical: what documents are compared by. */
  readonly id: string;
  /** As it was written, without blanks around. */
  readonly text: string;
  /** Where the text stands: at the anchor if an alias led there. From 1. */
  readonly line: number;
  /** The `&name` of this key alone. */
  readonly anchor?: string;
  /** The `&name` of a list, or of a text of several, that this key came with. */
  readonly list?: string;
}

export interface KeyGroups {
  readonly keyGroups: readonly (readonly StatedKey[])[];
  /** Why sops would not use them: the end of the sentence "This rule …". */
  readonly fault?: string;
}

/** The fields of a rule without `key_groups`, in the order in which sops takes them. */
const FLAT_FIELDS: readonly (readonly [field: string, type: MasterKeyType])[] = [
  ["age", "age"],
  ["pgp", "pgp"],
  ["kms", "kms"],
  ["gcp_kms", "gcp_kms"],
  ["hckms", "hckms"],
  ["azure_keyvault", "azure_kv"],
  ["hc_vault_transit_uri", "hc_vault"],
];

/** The fields of one group; those of maps with what names the key in them. */
const GROUP_FIELDS: readonly (readonly [field: string, type: MasterKeyType, name?: (key: ConfigMap) => string])[] = [
  ["age", "age"],
  ["pgp", "pgp"],
  ["kms", "kms", (key) => textIn(key, "arn")],
  ["gcp_kms", "gcp_kms", (key) => textIn(key, "resource_id")],
  ["hckms", "hckms", (key) => textIn(key, "key_id")],
  [
    "azure_keyvault",
    "azure_kv",
    (key) => `${textIn(key, "vaultUrl")}/keys/${textIn(key, "key")}/${textIn(key, "version")}`,
  ],
  ["hc_vault", "hc_vault"],
];

/** Aliases can make a small file name very many keys. */
const MAX_KEYS = 10_000;
const MAX_MERGES = 64;

/** @throws SecretsError `E_CONFIG` for a field of the wrong kind: sops then refuses the whole file. */
export function readKeyGroups(rule: ConfigMap): KeyGroups {
  const faults: string[] = [];
  const stated = rule.entries.get("key_groups");
  const groups = stated?.kind === "list" ? stated.items : [];
  if (stated !== undefined && !isEmpty(stated) && stated.kind !== "list") {
    throw configFault("has key_groups that are not a list", stated.line);
  }
  const keyGroups =
    groups.length === 0
      ? [distinct(FLAT_FIELDS.flatMap(([field, type]) => flatKeys(rule.entries.get(field), field, type, faults)))]
      : readGroups(groups, faults, 0, { left: MAX_KEYS });
  if (keyGroups.some((group) => group.length === 0)) faults.push("has a group without keys");
  const [fault] = faults;
  return { keyGroups, ...(fault === undefined ? {} : { fault }) };
}

/** Every key of the file that has an anchor of its own or stands in a list that has one; each once. */
export function readAnchors(tree: ConfigValue): StatedKey[] {
  const found: StatedKey[] = [];
  const seen = new Set<ConfigValue>();
  const queue = [tree];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (value.kind === "map") queue.push(...[...value.entries.values()].reverse());
    else if (value.kind === "list") {
      if (value.anchor !== undefined) {
        for (const item of value.items) if (item.kind === "text") found.push(...guessKeys(item, value.anchor));
      }
      queue.push(...[...value.items].reverse());
    } else if (value.anchor !== undefined) found.push(...guessKeys(value, undefined));
  }
  return found;
}

/** The keys of a text whose type only the text itself tells. */
function guessKeys(value: ConfigText, list: string | undefined): StatedKey[] {
  return splitKeys(value).flatMap((key) => {
    const type = /^(age1|ssh-)/.test(key.text) ? "age" : isFingerprint(key.text) ? "pgp" : undefined;
    if (type === undefined) return [];
    return [{ type, ...key, id: idOf(type, key.text), ...(list === undefined ? {} : { list }) }];
  });
}

function readGroups(
  items: readonly ConfigValue[],
  faults: string[],
  depth: number,
  budget: { left: number },
): StatedKey[][] {
  return items.map((group) => {
    if (isEmpty(group)) return [];
    if (group.kind !== "map") throw configFault("has a key group that is not a map", group.line);
    if (depth > MAX_MERGES) throw configFault("merges key groups too deep", group.line);
    const merge = group.entries.get("merge");
    const merged = merge?.kind === "list" ? readGroups(merge.items, faults, depth + 1, budget).flat() : [];
    const own = GROUP_FIELDS.flatMap(([field, type, name]) =>
      groupKeys(group.entries.get(field), field, type, name, faults),
    );
    budget.left -= 1 + own.length + merged.length;
    if (budget.left < 0) throw configFault(`names more than ${MAX_KEYS} keys in one rule`, group.line);
    return distinct([...merged, ...own]);
  });
}

function groupKeys(
  value: ConfigValue | undefined,
  field: string,
  type: MasterKeyType,
  name: ((key: ConfigMap) => string) | undefined,
  faults: string[],
): StatedKey[] {
  if (value === undefined || isEmpty(value)) return [];
  if (value.kind !== "list") throw configFault(`has a key group with ${field} that is not a list`, value.line);
  return value.items.flatMap((item) => {
    if (name === undefined) {
      if (item.kind !== "text") throw configFault(`has a key under ${field} that is not text`, item.line);
      return textKeys(item, type, value.anchor, faults);
    }
    if (item.kind !== "map") throw configFault(`has a key under ${field} that is not a map`, item.line);
    const id = name(item);
    return [{ type, id, text: id, line: item.line }];
  });
}

/** A text of keys with commas between, or a list of them. */
function flatKeys(value: ConfigValue | undefined, field: string, type: MasterKeyType, faults: string[]): StatedKey[] {
  if (value === undefined || isEmpty(value)) return [];
  if (value.kind === "text") return textKeys(value, type, undefined, faults);
  if (value.kind === "map") {
    faults.push(`has a field ${field} that is neither text nor a list`);
    return [];
  }
  return value.items.flatMap((item) => {
    if (item.kind === "text") return textKeys(item, type, value.anchor, faults);
    faults.push(`has a list within the list of ${field}`);
    return [];
  });
}

function textKeys(value: ConfigText, type: MasterKeyType, list: string | undefined, faults: string[]): StatedKey[] {
  return splitKeys(value).map((key) => {
    const fault = faultOf(type, key.text);
    if (fault !== undefined) faults.push(fault);
    return { type, ...key, id: idOf(type, key.text), ...(list === undefined ? {} : { list }) };
  });
}

/** The anchor of a text of several keys names all of them. */
function splitKeys({ text, line, anchor }: ConfigText): Pick<StatedKey, "text" | "line" | "anchor" | "list">[] {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  return parts.map((part) => ({
    text: part,
    line,
    ...(anchor === undefined ? {} : parts.length === 1 ? { anchor } : { list: anchor }),
  }));
}

function idOf(type: MasterKeyType, text: string): string {
  if (type === "age") return recipientId(text);
  if (type === "pgp") return fingerprintId(text);
  // `arn+role`: documents are compared by the ARN alone.
  return type === "kms" ? text.replace(/\+.*$/, "") : text;
}

function faultOf(type: MasterKeyType, text: string): string | undefined {
  if (type === "pgp" && !isFingerprint(text)) return "names a PGP key that is not a fingerprint";
  if (type !== "age") return undefined;
  try {
    parseRecipient(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return `names an age recipient that cannot be used (${error.message.replace(/\.$/, "")})`;
  }
}

function distinct(keys: readonly StatedKey[]): StatedKey[] {
  return [...new Map(keys.map((key) => [`${key.type} ${key.id}`, key] as const).reverse()).values()].reverse();
}

function textIn(map: ConfigMap, key: string): string {
  const value = map.entries.get(key);
  return value?.kind === "text" ? value.text : "";
}
