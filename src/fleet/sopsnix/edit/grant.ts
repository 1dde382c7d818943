/** Keys into one rule, in the way in which its others stand there. */
import { insertBehind, leadOf } from "./entries.ts";
import { refusalAt } from "./fault.ts";
import { addParts } from "./key-list-text.ts";
import { isKey, type NewKey, splitKeys } from "./key-text.ts";
import { appendMembers, fieldLines, type Member, membersOf, setMembers } from "./members.ts";
import { nameAt, ownEntry, textOf } from "./places.ts";
import type { Collection, Entry, Source, SourceNode, TextNode } from "./source.ts";
import { insertLines, type Splice } from "./splice.ts";

export interface GrantedKey extends NewKey {
  /** By which the key is to be meant. */
  readonly anchor: string | undefined;
}

export function grant(source: Source, rule: Entry, keys: readonly GrantedKey[]): Splice[] {
  const { holder, flat } = findHolder(source, rule);
  return (["age", "pgp"] as const).flatMap((field) => {
    const members = keys.filter(({ type }) => type === field).map((key) => memberFor(source, rule.start, key));
    return members.length === 0 ? [] : grantField(source, holder, field, members, flat);
  });
}

/** The map whose fields count: the rule, or its only key group. */
function findHolder(source: Source, { value: rule }: Entry): { holder: Collection; flat: boolean } {
  if (rule.kind !== "map") throw elsewhere(source, rule);
  const groups = ownEntry(rule, "key_groups");
  if (groups === undefined) {
    refuseMerged(source, rule, "key_groups");
    return { holder: rule, flat: true };
  }
  const list = groups.value;
  if (list.kind === "text" || (list.kind === "list" && list.entries.length === 0)) return { holder: rule, flat: true };
  if (list.kind !== "list") throw elsewhere(source, list);
  const [group, second] = list.entries;
  if (second !== undefined) {
    throw refusalAt(
      source,
      rule.start,
      "This rule splits the data key among several key groups.",
      "A key in one of them opens nothing alone; decide by hand which group it belongs to.",
    );
  }
  if (group?.value.kind !== "map") throw elsewhere(source, list);
  return { holder: group.value, flat: false };
}

/** The key as a member of what stands at an offset, by its anchor if that means it there. */
export function memberFor(source: Source, offset: number, { anchor, text, id }: GrantedKey): Member {
  if (anchor === undefined) return { text, name: undefined };
  const isMeant = source.nodes.some(
    (node) =>
      node.kind === "text" &&
      node.anchor?.name === anchor &&
      splitKeys(node.text).length === 1 &&
      isKey(textOf(node).trim(), id) &&
      nameAt(source, node, offset) !== undefined,
  );
  if (isMeant) return { text, name: anchor };
  throw refusalAt(
    source,
    offset,
    "The anchor of a key that is to be granted does not stand for that key before this rule.",
    "Add the anchor first, above the rules.",
  );
}

function grantField(source: Source, holder: Collection, name: string, members: readonly Member[], flat: boolean) {
  const field = ownEntry(holder, name);
  if (field === undefined) return addField(source, holder, name, members, flat);
  const { value } = field;
  if (value.kind === "map") throw elsewhere(source, value);
  if (value.kind === "list") return appendMembers(source, value, members);
  const old = membersOf(source, value, field.start);
  if (flat && isListOfTexts(value) && old.length > 0) {
    return addParts(
      source,
      value,
      old.length - 1,
      members.map(({ text }) => text),
    );
  }
  if (value.kind === "text" && value.anchor !== undefined) throw elsewhere(source, value);
  return setMembers(source, field, [...old, ...members], flat);
}

/** One text of keys that nobody else means. */
function isListOfTexts(value: SourceNode): value is TextNode {
  return value.kind === "text" && value.anchor === undefined;
}

function addField(source: Source, holder: Collection, name: string, members: readonly Member[], flat: boolean) {
  refuseMerged(source, holder, name);
  const last = holder.entries.at(-1);
  if (last === undefined) throw elsewhere(source, holder);
  const [first = "", ...lines] = fieldLines(source, last, name, members, flat);
  if (holder.flow) return insertBehind(source, last, [first]);
  return [insertLines(source.text, last.end, [leadOf(source, last) + first, ...lines])] satisfies Splice[];
}

/** A field of its own would hide the one that comes by a merge key. */
function refuseMerged(source: Source, map: Collection, field: string): void {
  const seen = new Set<SourceNode>();
  const queue: SourceNode[] = [map];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const node = at.kind === "alias" ? at.target : at;
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "list") queue.push(...node.entries.map(({ value }) => value));
    if (node.kind !== "map") continue;
    if (node !== map && ownEntry(node, field) !== undefined) throw elsewhere(source, map);
    const merge = ownEntry(node, "<<");
    if (merge !== undefined) queue.push(merge.value);
  }
}

function elsewhere(source: Source, node: SourceNode) {
  return refusalAt(
    source,
    node.start,
    "The keys of this rule stand elsewhere, where other rules may use them too.",
    "Give the rule keys of its own by hand, then try again.",
  );
}
