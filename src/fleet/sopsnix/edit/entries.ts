/** Items of lists and pairs of maps: new ones in the layout of their neighbours, and old ones taken out. */
import { refusalAt } from "./fault.ts";
import type { Collection, Entry, Source } from "./source.ts";
import { beforeOnLine, endOfLine, insertLines, lineBreakOf, nextLine, type Splice, startOfLine } from "./splice.ts";

/**
 * Entries behind one that is there.
 *
 * @param bodies spelled for this collection: items without dash, pairs with key
 */
export function insertBehind(source: Source, entry: Entry, bodies: readonly string[]): Splice[] {
  if (entry.owner.flow) return insertInFlow(source, entry, bodies);
  const lead = leadOf(source, entry);
  return [
    insertLines(
      source.text,
      entry.end,
      bodies.map((body) => lead + body),
    ),
  ];
}

/** What stands on the line of a new entry before its body: the indentation, and the dash in a list. */
export function leadOf({ text }: Source, entry: Entry): string {
  const before = beforeOnLine(text, entry.start);
  const indent = /^ *$/.test(before) ? before : " ".repeat(before.length);
  if (entry.key !== undefined) return indent;
  const dash = /^- +/.exec(text.slice(entry.start, entry.value.start));
  return indent + (dash !== null && dash[0].length === entry.value.start - entry.start ? dash[0] : "- ");
}

function insertInFlow(source: Source, entry: Entry, bodies: readonly string[]): Splice[] {
  const { text } = source;
  const comma = commaBehind(source, entry);
  if (isAloneOnLine(source, entry)) {
    const indent = beforeOnLine(text, entry.start);
    const lines = bodies.map((body) => `${indent}${body},`);
    if (comma !== undefined) return [insertLines(text, comma, lines)];
    const body = lines.join(lineBreakOf(text)).slice(0, -1);
    return [{ start: entry.end, end: entry.end, text: "," }, insertLines(text, entry.end, [body])];
  }
  const next = entry.owner.entries[entry.index + 1];
  const before = entry.owner.entries[entry.index - 1];
  const [one, two] = next === undefined ? [before, entry] : [entry, next];
  const gap = one === undefined || two === undefined ? ", " : text.slice(one.end, two.start);
  const between = /^ *, *$/.test(gap) ? gap : ", ";
  return [{ start: entry.end, end: entry.end, text: bodies.map((body) => between + body).join("") }];
}

/**
 * Entries go, those in blocks with their lines. Some have to stay.
 *
 * @throws SecretsError `E_CONFIG_EDIT` where a comment of another line would go too
 */
export function removeEntries(source: Source, owner: Collection, isDoomed: (entry: Entry) => boolean): Splice[] {
  const remove = owner.flow ? removeFromFlow : removeLines;
  return owner.entries.filter(isDoomed).flatMap((entry) => remove(source, entry, isDoomed));
}

function removeLines(source: Source, entry: Entry, isDoomed: (entry: Entry) => boolean): Splice[] {
  const { text } = source;
  if (/^ *$/.test(beforeOnLine(text, entry.start))) {
    return [{ start: startOfLine(text, entry.start), end: nextLine(text, entry.end), text: "" }];
  }
  // The first entry of a block that begins behind a dash: the next one that stays, or its comment, moves up there.
  const next = entry.owner.entries.find((other) => !isDoomed(other));
  if (next === undefined) throw tangled(source, entry);
  const gone = endOfLine(text, (entry.owner.entries[next.index - 1] ?? entry).end);
  const comment = source.comments.find((at) => at > gone && at < next.start);
  return [{ start: entry.start, end: comment ?? next.start, text: "" }];
}

function removeFromFlow(source: Source, entry: Entry, isDoomed: (entry: Entry) => boolean): Splice[] {
  const { text } = source;
  const { entries } = entry.owner;
  const next = entries[entry.index + 1];
  const before = entries[entry.index - 1];
  const isLast = entries.slice(entry.index + 1).every(isDoomed);
  if (isAloneOnLine(source, entry)) {
    const line = { start: startOfLine(text, entry.start), end: nextLine(text, entry.end), text: "" };
    const comma = before === undefined ? undefined : commaBehind(source, before);
    const last = entries.at(-1);
    // Who writes no comma behind the last one does not want one now.
    const bare = last !== undefined && commaBehind(source, last) === undefined;
    if (!isLast || !bare || before === undefined || comma === undefined || isDoomed(before)) return [line];
    return [line, { start: comma, end: comma + 1, text: "" }];
  }
  if (!isLast && next !== undefined) return [removeRange(source, entry, entry.start, next.start)];
  if (before === undefined) throw tangled(source, entry);
  return [removeRange(source, entry, before.end, entry.end)];
}

function removeRange(source: Source, entry: Entry, start: number, end: number): Splice {
  const own = endOfLine(source.text, entry.end);
  const isForeign = (comment: number) =>
    comment >= start &&
    comment < end &&
    !(comment >= entry.end && comment < own) &&
    !(comment < entry.end && comment > entry.start);
  if (source.comments.some(isForeign)) throw tangled(source, entry);
  return { start, end, text: "" };
}

/** In brackets over several lines: nothing else on the line but a comma and a comment. */
function isAloneOnLine(source: Source, entry: Entry): boolean {
  const { text } = source;
  if (!/^\s*$/.test(beforeOnLine(text, entry.start)) || startOfLine(text, entry.start) <= entry.owner.start)
    return false;
  return /^[ \t]*,?[ \t]*(#.*)?$/.test(text.slice(entry.end, endOfLine(text, entry.end)));
}

/** The comma that parts an entry in brackets from the next one or, at the end, from nothing. */
function commaBehind({ text, comments }: Source, { end, owner }: Entry): number | undefined {
  for (let at = end; at < owner.end; at++) {
    if (text[at] === ",") return at;
    if (text[at] === "#" && comments.includes(at)) at = endOfLine(text, at);
    else if (!/\s/.test(text[at] ?? "")) return undefined;
  }
  return undefined;
}

function tangled(source: Source, entry: Entry) {
  return refusalAt(
    source,
    entry.start,
    "What is to go stands on lines with something else or with a comment that is not its own.",
    "Put it on a line of its own, or edit it by hand.",
  );
}
