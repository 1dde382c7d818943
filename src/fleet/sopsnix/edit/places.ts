/** Where in a configuration keys are stated, and where its rules are. */
import { SELECTOR_KINDS } from "../../../sops/selectors.ts";
import { isKey, splitKeys } from "./key-text.ts";
import type { AliasNode, Collection, Entry, Source, SourceNode, TextNode } from "./source.ts";

/** Fields whose texts are no recipients, whatever they look like. */
const OTHER_FIELDS: ReadonlySet<string> = new Set([
  ...["stores", "path_regex", "shamir_threshold", "mac_only_encrypted", "aws_profile"],
  ...["kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault", "hc_vault_transit_uri"],
  ...SELECTOR_KINDS,
]);

/** All texts of the first document that state a key, alone or among others. */
export function findStatements(source: Source, id: string): TextNode[] {
  return source.nodes.filter(
    (node): node is TextNode =>
      node.kind === "text" && states(node, id) && !areaOf(node).some((key) => OTHER_FIELDS.has(key)),
  );
}

/** Whether a text names a key, alone or among others. */
export function states(node: TextNode, id: string): boolean {
  return splitKeys(node.text).some((key) => isKey(key, id));
}

/** All aliases that stand for a node, in the order of the text. */
export function aliasesOf({ nodes }: Source, target: SourceNode): AliasNode[] {
  return nodes.filter((node): node is AliasNode => node.kind === "alias" && node.target === target);
}

/** The keys of the maps around a node, outermost first. */
export function areaOf(node: SourceNode): string[] {
  const keys: string[] = [];
  for (let { entry } = node; entry !== undefined; entry = entry.owner.entry) {
    if (entry.key !== undefined) keys.unshift(textOf(entry.key));
  }
  return keys;
}

/** Whether an entry is inside another, or is it. */
export function isWithin(entry: Entry | undefined, around: Entry): boolean {
  for (let at = entry; at !== undefined; at = at.owner.entry) if (at === around) return true;
  return false;
}

/** A map's own pair: what it merges does not count. */
export function ownEntry(map: Collection, key: string): Entry | undefined {
  return map.entries.find((entry) => entry.key !== undefined && textOf(entry.key) === key);
}

/** The list of `creation_rules`, if the file states one. */
export function findRules({ root }: Source): Collection | undefined {
  if (root?.kind !== "map") return undefined;
  const value = ownEntry(root, "creation_rules")?.value;
  return value?.kind === "list" ? value : undefined;
}

/** What a key or value says, behind an alias too; the empty text for lists and maps. */
export function textOf(node: SourceNode): string {
  const value = node.kind === "alias" ? node.target : node;
  return value.kind === "text" ? value.text : "";
}

/** The name by which a text can be meant at an offset: an anchor of it that no other has taken over by then. */
export function nameAt({ nodes }: Source, target: TextNode, offset: number): string | undefined {
  const name = target.anchor?.name;
  if (name === undefined || !/^[\w-]+$/.test(name)) return undefined;
  const last = nodes.findLast((node) => node.kind !== "alias" && node.anchor?.name === name && node.end <= offset);
  return last === target ? name : undefined;
}
