/** Keys as the members of a list: by alias where they have a name, else as they are. */
import { insertBehind } from "./entries.ts";
import { refusalAt } from "./fault.ts";
import { spellPlain, splitKeys } from "./key-text.ts";
import { nameAt, textOf } from "./places.ts";
import type { Collection, Entry, Source, SourceNode } from "./source.ts";
import { beforeOnLine, insertLines, type Splice } from "./splice.ts";

export interface Member {
  readonly text: string;
  /** The anchor by which it can be meant at its place. */
  readonly name: string | undefined;
}

/**
 * The keys that a text, or a list of texts, holds, for a place at an offset.
 *
 * @throws SecretsError `E_CONFIG_EDIT` for lists in lists, which sops refuses, and for maps
 */
export function membersOf(source: Source, node: SourceNode, offset: number): Member[] {
  const value = node.kind === "alias" ? node.target : node;
  if (value.kind !== "list") return membersOfText(source, value, offset);
  return value.entries.flatMap((entry) => membersOfText(source, entry.value, offset));
}

function membersOfText(source: Source, node: SourceNode, offset: number): Member[] {
  const value = node.kind === "alias" ? node.target : node;
  if (value.kind !== "text") {
    throw refusalAt(source, node.start, "This is no text where a key should be.", "Mend it by hand first.");
  }
  const keys = splitKeys(value.text);
  return keys.map((text) => ({ text, name: keys.length === 1 ? nameAt(source, value, offset) : undefined }));
}

/** A member as an item, without dash. */
export function spellMember({ text, name }: Member, inFlow: boolean): string {
  return name === undefined ? spellPlain(text, inFlow) : `*${name}`;
}

/** Members behind the last item of a list that has some, or as the first of one that has none. */
export function appendMembers(source: Source, list: Collection, members: readonly Member[]): Splice[] {
  const bodies = members.map((member) => spellMember(member, list.flow));
  const last = list.entries.at(-1);
  if (last !== undefined) return insertBehind(source, last, bodies);
  return [{ start: list.content + 1, end: list.content + 1, text: bodies.join(", ") }];
}

/**
 * Members as the whole value of a field, in the place of what stands there.
 *
 * @param flat the field may be one text, which it becomes if one was there and no member has a name to be called by
 */
export function setMembers(source: Source, field: Entry, members: readonly Member[], flat: boolean): Splice[] {
  const { text } = source;
  const { flow } = field.owner;
  const { value } = field;
  const wasText = (value.kind === "alias" ? value.target : value).kind === "text";
  const asText = flat && wasText && members.every(({ name }) => name === undefined);
  if (asText || flow || members.every(({ name }) => name !== undefined)) {
    const body = asText ? spellPlain(members.map((member) => member.text).join(","), flow) : inBrackets(members);
    const gap = /\s/.test(text[value.start - 1] ?? "") ? "" : " ";
    return [{ start: value.start, end: value.end, text: gap + body }];
  }
  const colon = text.indexOf(":", field.key?.end ?? field.start) + 1;
  const lines = listLines(source, field, members);
  return [{ start: colon, end: value.end, text: "" }, insertLines(text, value.end, lines)];
}

/** A new field behind an entry of a map. */
export function fieldLines(source: Source, beside: Entry, name: string, members: readonly Member[], flat: boolean) {
  const { flow } = beside.owner;
  const named = members.every((member) => member.name !== undefined);
  const [first] = members;
  if (flat && first !== undefined && (members.length === 1 || !named)) {
    const body =
      members.length === 1 ? spellMember(first, flow) : spellPlain(members.map(({ text }) => text).join(","), flow);
    return [`${name}: ${body}`];
  }
  if (flow) return [`${name}: ${inBrackets(members)}`];
  return [`${name}:`, ...listLines(source, beside, members)];
}

function inBrackets(members: readonly Member[]): string {
  return `[${members.map((member) => spellMember(member, true)).join(", ")}]`;
}

/** Items on lines of their own below a field that stands where the given one does. */
function listLines(source: Source, field: Entry, members: readonly Member[]): string[] {
  const lead = " ".repeat(beforeOnLine(source.text, field.start).length + listOffset(source, field));
  return members.map((member) => `${lead}- ${spellMember(member, false)}`);
}

/** How far the dashes of a list stand to the right of its field in this file, as near as possible to a place. */
export function listOffset(source: Source, near: Entry): number {
  const { text, nodes } = source;
  const offsets = nodes.flatMap((node) => {
    const first = node.kind === "list" && !node.flow ? node.entries[0] : undefined;
    const field = node.entry;
    if (first === undefined || field?.key === undefined || !/^ *$/.test(beforeOnLine(text, first.start))) return [];
    const isKeyField = /^(age|pgp)$/.test(textOf(field.key));
    const offset = beforeOnLine(text, first.start).length - beforeOnLine(text, field.start).length;
    return [{ offset, isKeyField, isBefore: first.start < near.start }];
  });
  const best =
    offsets.findLast(({ isKeyField, isBefore }) => isKeyField && isBefore) ??
    offsets.find(({ isKeyField }) => isKeyField) ??
    offsets.findLast(({ isBefore }) => isBefore);
  return best?.offset ?? 2;
}
