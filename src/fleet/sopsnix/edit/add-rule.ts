/** A new rule, written as its neighbour is. */
import { leadOf } from "./entries.ts";
import { refusalAt } from "./fault.ts";
import { type GrantedKey, memberFor } from "./grant.ts";
import { spellPlain } from "./key-text.ts";
import { listOffset, type Member, spellMember } from "./members.ts";
import { findRules, ownEntry } from "./places.ts";
import type { Collection, Entry, Source } from "./source.ts";
import { lineBreakOf, nextLine, type Splice, startOfLine } from "./splice.ts";
import { placeBefore } from "./split-rule.ts";

/** @param before the rule that it comes before; undefined: it comes last */
export function addRule(
  source: Source,
  pathRegex: string,
  keys: readonly GrantedKey[],
  before: Entry | undefined,
): Splice[] {
  const eol = lineBreakOf(source.text);
  const neighbour = before ?? findRules(source)?.entries.at(-1);
  if (neighbour === undefined) return addFirstRule(source, pathRegex, keys);
  if (neighbour.owner.flow || neighbour.value.kind === "text") throw refuse(source, neighbour.start);
  const { at, gap } = before === undefined ? placeBehind(source, neighbour) : placeBefore(source, before);
  const members = keys.map((key) => ({ ...key, member: memberFor(source, at, key) }));
  const lines = ruleLines(leadOf(source, neighbour), pathRegex, members, layoutOf(source, neighbour));
  const ordered = before === undefined ? [...(gap ? [""] : []), ...lines] : [...lines, ...(gap ? [""] : [])];
  const body = ordered.join(eol);
  const ended = at === 0 || source.text[at - 1] === "\n";
  return [{ start: at, end: at, text: ended ? body + eol : eol + body }];
}

function placeBehind(source: Source, last: Entry): { at: number; gap: boolean } {
  return { at: nextLine(source.text, last.end), gap: placeBefore(source, last).gap };
}

/** The first rule of a file, as the file's own list of rules or as what it begins with. */
function addFirstRule(source: Source, pathRegex: string, keys: readonly GrantedKey[]): Splice[] {
  const { text, root } = source;
  const eol = lineBreakOf(text);
  if (root !== undefined && (root.kind !== "map" || root.flow || startOfLine(text, root.start) !== root.start)) {
    throw refuse(source, root.start);
  }
  const field = root === undefined ? undefined : ownEntry(root as Collection, "creation_rules");
  const isNothing = field?.value.kind === "text" || (field?.value.kind === "list" && field.value.anchor === undefined);
  if (field !== undefined && !isNothing) throw refuse(source, field.start);
  const at = field === undefined ? text.length : nextLine(text, field.end);
  const members = keys.map((key) => ({ ...key, member: memberFor(source, at, key) }));
  const lines = ruleLines("  - ", pathRegex, members, { grouped: true, offset: 2 });
  if (field === undefined) lines.unshift("creation_rules:");
  const body = lines.join(eol);
  const ended = at === 0 || text[at - 1] === "\n";
  const inserted = { start: at, end: at, text: ended ? body + eol : eol + body };
  if (field === undefined) return [inserted];
  const colon = text.indexOf(":", field.key?.end ?? field.start) + 1;
  return [{ start: colon, end: field.value.end, text: "" }, inserted];
}

interface Layout {
  /** With `key_groups`, or with its keys in fields of its own. */
  readonly grouped: boolean;
  /** Whether keys in fields of its own stand in lists. */
  readonly listed?: boolean;
  /** How far dashes stand to the right of their field. */
  readonly offset: number;
}

function layoutOf(source: Source, { value }: Entry): Layout {
  const map = value.kind === "alias" ? value.target : value;
  const rule = map.kind === "map" ? map : undefined;
  const own = rule && (ownEntry(rule, "age") ?? ownEntry(rule, "pgp"));
  const groups = rule && ownEntry(rule, "key_groups");
  const grouped = groups !== undefined || own === undefined;
  const keys = own?.value.kind === "alias" ? own.value.target : own?.value;
  const near = rule?.entries.at(-1);
  const offset = near === undefined ? 2 : listOffset(source, near);
  return { grouped, listed: keys?.kind === "list", offset };
}

function ruleLines(
  lead: string,
  pathRegex: string,
  keys: readonly { type: "age" | "pgp"; member: Member }[],
  { grouped, listed = false, offset }: Layout,
): string[] {
  const margin = " ".repeat(lead.length);
  const lines = [`${lead}path_regex: ${spellPlain(pathRegex, false)}`];
  const step = " ".repeat(offset);
  if (grouped) lines.push(`${margin}key_groups:`);
  let head = grouped ? `${margin}${step}- ` : margin;
  for (const field of ["age", "pgp"] as const) {
    const members = keys.filter(({ type }) => type === field).map(({ member }) => member);
    const [first] = members;
    if (first === undefined) continue;
    const isNamed = members.every(({ name }) => name !== undefined);
    if (!grouped && !listed && (members.length === 1 || !isNamed)) {
      const texts = members.map(({ text }) => text).join(",");
      lines.push(`${head}${field}: ${members.length === 1 ? spellMember(first, false) : spellPlain(texts, false)}`);
    } else {
      lines.push(`${head}${field}:`);
      const items = " ".repeat(head.length) + step;
      for (const member of members) lines.push(`${items}- ${spellMember(member, false)}`);
    }
    head = " ".repeat(head.length);
  }
  return lines;
}

function refuse(source: Source, offset: number) {
  return refusalAt(
    source,
    offset,
    "The rules are written in a way that a new one does not fit into.",
    "Write creation_rules as a list with one rule under the other, or add the rule by hand.",
  );
}
