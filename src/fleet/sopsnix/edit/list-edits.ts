/** Keys into, and out of, one list that bears an anchor: whoever means the list means them. */
import { refusal, refusalAt } from "./fault.ts";
import { type GrantedKey, memberFor } from "./grant.ts";
import { addParts, removeParts } from "./key-list-text.ts";
import { isKey, splitKeys } from "./key-text.ts";
import { appendMembers, membersOf } from "./members.ts";
import { textOf } from "./places.ts";
import { removeAll } from "./removal.ts";
import type { Collection, Entry, Source, TextNode } from "./source.ts";
import type { Splice } from "./splice.ts";

/** Behind the last member, in the list's style; nothing when the key is in it. */
export function addToList(source: Source, name: string, key: GrantedKey): Splice[] {
  const list = findList(source, name);
  const members = membersOf(source, list, list.start);
  if (members.some(({ text }) => isKey(text, key.id))) return [];
  const member = memberFor(source, list.start, key);
  if (list.kind === "text") return addParts(source, list, members.length - 1, [member.text]);
  return appendMembers(source, list, [member]);
}

/** An anchor that goes with its item, and that others mean, moves to the first of those. */
export function removeFromList(source: Source, name: string, id: string): Splice[] {
  const list = findList(source, name);
  const isDoomed = (text: string) => isKey(text, id);
  const members = membersOf(source, list, list.start);
  if (members.length > 0 && members.every(({ text }) => isDoomed(text))) {
    throw refusalAt(
      source,
      list.start,
      `The list ${name} would be left without keys.`,
      "Put another key into it first, or take the list out of the rules by hand.",
    );
  }
  if (list.kind === "text") return removeParts(source, list, isDoomed);
  const doomed = new Set<Entry>();
  const splices: Splice[] = [];
  for (const entry of list.entries) {
    const keys = splitKeys(textOf(entry.value));
    if (keys.length === 0 || !keys.some(isDoomed)) continue;
    if (keys.every(isDoomed)) doomed.add(entry);
    else if (entry.value.kind === "text") splices.push(...removeParts(source, entry.value, isDoomed));
    else throw refusalAt(source, entry.start, "This key comes into the list with others.", "Take it out by hand.");
  }
  return [...splices, ...removeAll(source, doomed)];
}

function findList({ nodes }: Source, name: string): TextNode | Collection {
  const list = nodes.findLast((node) => node.kind !== "alias" && node.anchor?.name === name);
  if (list !== undefined && (list.kind === "list" || list.kind === "text")) return list;
  throw refusal(`There is no list of keys called ${name}.`, 1, "Give the list an anchor of that name.");
}
