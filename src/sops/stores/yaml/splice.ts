/** Collects the replacements that turn the text of old blocks into that of changed ones. */

import { sameContent } from "../../same-tree.ts";
import type { CommentNode, EntryNode, ListNode, MapNode, ScalarNode, Span, ValueNode } from "../../tree.ts";
import { writeChildren, writeValue } from "./emit.ts";
import { groupNew, groupOld, matchUnits, type Unit } from "./match.ts";
import { fitsSingleQuotes, quoteDouble, quoteSingle } from "./quote.ts";
import { Sheet } from "./sheet.ts";
import { endOfLine, scanToken, trimReturn } from "./token.ts";

type Child = EntryNode | ValueNode | CommentNode;

interface Replacement extends Span {
  readonly text: string;
}

/** An old unit with the stretch of text that it takes, from its first character (a dash, for an item) to its last. */
interface Placed extends Unit, Span {}

export class Splice {
  private readonly text: string;
  private readonly step: number;
  private readonly newline: string;
  private readonly content: number;
  private replacements: Replacement[] = [];
  /** More was done than to put scalars in the place of others. */
  movedLines = false;

  /** `content` is where the entries of the document may begin. */
  constructor(text: string, step: number, newline: string, content: number) {
    this.content = content;
    this.text = text;
    this.step = step;
    this.newline = newline;
  }

  /** The text of a span with all replacements made. */
  apply(span: Span): string {
    const { text } = this;
    const parts: string[] = [];
    let at = span.start;
    for (const { start, end, text: fresh } of this.replacements.toSorted(
      (one, two) => one.start - two.start || one.end - two.end,
    )) {
      parts.push(text.slice(at, start), fresh);
      at = end;
    }
    parts.push(text.slice(at, span.end));
    const result = parts.join("");
    // A file that did not end in a line break goes on without one.
    const open = span.end === text.length && !text.endsWith("\n") && this.replacements.at(-1)?.end === text.length;
    return open ? result.replace(/\r?\n$/, "") : result;
  }

  /**
   * Changes the children of a block. Returns false, with nothing changed, if its layout cannot carry the new ones.
   * `dashes` is true for a list whose dashes have to be found before the items, undefined or false for a map.
   */
  children(before: readonly Child[], after: readonly Child[], dashes: boolean | undefined): boolean {
    if (before === after) return true;
    const old = this.place(groupOld(before), dashes === true);
    if (old === undefined) return false;
    const first = old.find((unit) => unit.node.kind !== "comment");
    if (first === undefined || after.every((child) => child.kind === "comment")) return false;
    const column = first.start - this.lineStart(first.start);
    const kept = this.replacements.length;
    const done = this.units(old, groupNew(after, new Set(old.flatMap((unit) => unit.beside))), column);
    if (!done) this.replacements.length = kept;
    return done;
  }

  private units(old: readonly Placed[], fresh: readonly Unit[], column: number): boolean {
    const pairs = pairLeftovers(old, matchUnits(old, fresh));
    const stays = new Set<number>();
    for (const pair of pairs) if (pair.old !== undefined && !pair.moved) stays.add(pair.old);
    for (const [index, unit] of old.entries()) if (!stays.has(index) && !this.removeLines(unit)) return false;
    let position: number | undefined;
    for (const pair of pairs) {
      const placed = pair.old === undefined ? undefined : old[pair.old];
      if (placed !== undefined && !pair.moved) {
        if (!this.unit(placed, pair.unit, column)) return false;
        position = this.afterLine(placed.end);
        continue;
      }
      const target = position ?? this.startOfLines(old);
      if (target === undefined) return false;
      const same = placed !== undefined && isSameUnit(placed, pair.unit) && this.ownLines(placed);
      this.insertLines(
        Math.max(target, this.content),
        same ? this.linesOf(placed) : this.emit([...pair.unit.beside, pair.unit.node], column),
      );
    }
    return true;
  }

  /** Changes one child that stays where it is. */
  private unit(old: Placed, fresh: Unit, column: number): boolean {
    const besideKept =
      old.beside.length === fresh.beside.length && old.beside.every((comment, at) => comment === fresh.beside[at]);
    if (old.node === fresh.node && besideKept) return true;
    if (isSameUnit(old, fresh)) return true;
    if (old.node.kind === "comment" || !besideKept) return this.emitUnit(old, fresh, column);
    if (old.node.kind === "entry" && fresh.node.kind === "entry" && old.node.key !== fresh.node.key) {
      return this.emitUnit(old, fresh, column);
    }
    const oldValue = valueIn(old.node);
    const value = valueIn(fresh.node);
    if (oldValue === undefined || value === undefined) return this.emitUnit(old, fresh, column);
    if (sameContent(oldValue, value)) return true;
    if (this.block(oldValue, value)) return true;
    if (oldValue.kind === "scalar" && value.kind === "scalar" && this.scalar(oldValue, value, old, column)) return true;
    if (old.beside.length > 0) return this.emitUnit(old, fresh, column);
    return this.value(old, value, column) || this.emitUnit(old, fresh, column);
  }

  /** Descends into a block map or list that stays one. */
  private block(old: ValueNode, fresh: ValueNode): boolean {
    if (old.span === undefined || /[[{]/.test(this.text.charAt(old.span.start))) return false;
    if (old.kind === "map" && fresh.kind === "map") return this.children(old.entries, fresh.entries, false);
    if (old.kind === "list" && fresh.kind === "list") return this.children(old.items, fresh.items, true);
    return false;
  }

  /** Puts a scalar in the place of another, in its quotes if it had some. */
  private scalar(old: ScalarNode, fresh: ScalarNode, unit: Placed, column: number): boolean {
    if (old.span === undefined) return false;
    const { start, end } = old.span;
    const inItem = unit.node.kind !== "entry";
    const sheet = new Sheet();
    writeValue(sheet, fresh, [], { column, step: this.step, inItem });
    const plain = sheet.text.replace(/^ /, "").replace(/\n$/, "");
    const text = requote(fresh, this.text.charAt(start)) ?? plain;
    // A comment on the header of a block, old or new, has to move.
    if (unit.beside.length > 0 && text.includes("\n")) return false;
    if (unit.beside.some(({ span }) => span !== undefined && span.start >= start && span.start < end)) return false;
    const literalAtEnd =
      sheet.text.endsWith("\n") && this.afterLine(end) >= this.text.length && !this.text.endsWith("\n");
    const lead = start === end && !/[ \t]/.test(this.text.charAt(start - 1)) ? " " : "";
    this.replace(start, end, lead + text + (literalAtEnd ? "\n" : ""));
    return true;
  }

  /** Puts a value of another shape behind the old key. */
  private value(old: Placed, fresh: ValueNode, column: number): boolean {
    if (old.node.kind !== "entry") return false;
    const colon = this.colonOf(old.start, old.node.key);
    if (colon === undefined) return false;
    this.movedLines = true;
    const sheet = new Sheet();
    writeValue(sheet, fresh, [], { column, step: this.step });
    this.replace(colon + 1, old.end, sheet.text.replace(/\n$/, ""));
    return true;
  }

  /** The colon behind a key on one line. */
  private colonOf(start: number, key: string): number | undefined {
    const { text } = this;
    const token = scanToken(text, start, trimReturn(text, start, endOfLine(text, start)));
    if (token?.value !== key) return undefined;
    let at = token.colon === -1 ? token.end : token.colon;
    while (text.charAt(at) === " ") at++;
    return text.charAt(at) === ":" ? at : undefined;
  }

  /** Writes a whole unit anew, at its place. */
  private emitUnit(old: Placed, fresh: Unit, column: number): boolean {
    this.movedLines = true;
    const sheet = new Sheet(column);
    writeChildren(sheet, [...fresh.beside, fresh.node] as MapNode["entries"] | ListNode["items"], {
      column,
      step: this.step,
    });
    this.replace(old.start, old.end, sheet.finish().replace(/\n$/, ""));
    return true;
  }

  private replace(start: number, end: number, text: string): void {
    let from = end;
    // Blanks that were left at the end of the line would become part of a literal block.
    if (text.includes("\n")) while (/[ \t]/.test(this.text.charAt(from))) from++;
    this.replacements.push({ start, end: from, text: this.toNewlines(text) });
  }

  private emit(children: readonly Child[], column: number): string {
    const sheet = new Sheet(0);
    writeChildren(sheet, children as MapNode["entries"] | ListNode["items"], { column, step: this.step });
    return this.toNewlines(sheet.finish());
  }

  private removeLines(unit: Placed): boolean {
    if (!this.ownLines(unit)) return false;
    this.movedLines = true;
    this.replacements.push({ start: this.lineStart(unit.start), end: this.afterLine(unit.end), text: "" });
    return true;
  }

  private insertLines(at: number, lines: string): void {
    this.movedLines = true;
    const open = at > 0 && at >= this.text.length && !this.text.endsWith("\n");
    this.replacements.push({ start: at, end: at, text: open ? this.newline + lines : lines });
  }

  private linesOf(unit: Placed): string {
    const lines = this.text.slice(this.lineStart(unit.start), this.afterLine(unit.end));
    return lines.endsWith("\n") ? lines : lines + this.newline;
  }

  /** Where lines go that come before everything old. */
  private startOfLines(old: readonly Placed[]): number | undefined {
    const first = old[0];
    return first !== undefined && this.ownLines(first) ? this.lineStart(first.start) : undefined;
  }

  /** Whether nothing but blanks stands before the unit on its first line, and nothing of others behind it. */
  private ownLines(unit: Placed): boolean {
    return /^ *$/.test(this.text.slice(this.lineStart(unit.start), unit.start));
  }

  /** The units with their places; undefined if one has none, or they are out of order. */
  private place(units: readonly Unit[], dashes: boolean): Placed[] | undefined {
    const placed: Placed[] = [];
    let last = -1;
    for (const unit of units) {
      const { span } = unit.node;
      const start =
        span === undefined || !dashes || unit.node.kind === "comment" ? span?.start : this.dashBefore(span.start);
      if (span === undefined || start === undefined || start < last) return undefined;
      const ends = unit.beside.map((comment) => comment.span?.end ?? 0);
      const end = Math.max(span.end, ...ends);
      placed.push({ ...unit, start, end });
      last = end;
    }
    return placed;
  }

  /** The dash of an item, before its content; comments may stand between the two. */
  private dashBefore(start: number): number | undefined {
    let at = start - 1;
    for (;;) {
      while (at >= 0 && /[ \t\r\n]/.test(this.text.charAt(at))) at--;
      if (this.text.charAt(at) === "-") return at;
      const line = this.lineStart(at);
      const comment = /^( *(?:- +)*-)?[ \t]*#/.exec(this.text.slice(line, at + 1));
      if (comment === null) return undefined;
      if (comment[1] !== undefined) return line + comment[1].length - 1;
      at = line - 1;
    }
  }

  private lineStart(at: number): number {
    const start = this.text.lastIndexOf("\n", at - 1) + 1;
    return start === 0 && this.text.startsWith("\uFEFF") ? 1 : start;
  }

  private afterLine(at: number): number {
    return Math.min(endOfLine(this.text, at) + 1, this.text.length);
  }

  private toNewlines(text: string): string {
    return this.newline === "\n" ? text : text.replaceAll("\n", this.newline);
  }
}

function isSameUnit(old: Unit, fresh: Unit): boolean {
  return (
    old.beside.length === fresh.beside.length &&
    old.beside.every((comment, index) => {
      const other = fresh.beside[index];
      return other !== undefined && sameContent(comment, other);
    }) &&
    sameContent(old.node, fresh.node)
  );
}

function valueIn(node: Child): ValueNode | undefined {
  if (node.kind === "entry") return node.value;
  return node.kind === "comment" ? undefined : node;
}

/** An item or comment that disappears where another appears is replaced in place. */
function pairLeftovers(old: readonly Placed[], pairs: ReturnType<typeof matchUnits>): ReturnType<typeof matchUnits> {
  const used = new Set(pairs.map((pair) => pair.old));
  let next = 0;
  return pairs.map((pair, index) => {
    if (pair.old !== undefined) {
      if (!pair.moved) next = pair.old + 1;
      return pair;
    }
    const candidate = old[next];
    if (candidate === undefined || used.has(next) || candidate.node.kind === "entry") return pair;
    if (candidate.node.kind !== pair.unit.node.kind) return pair;
    const following = pairs.slice(index + 1).find((later) => later.old !== undefined && !later.moved);
    if (following?.old !== undefined && following.old <= next) return pair;
    next++;
    return { ...pair, old: next - 1 };
  });
}

/** The text in the quotes that the old one had. */
function requote(fresh: ScalarNode, quote: string): string | undefined {
  if (fresh.scalar.type !== "str") return undefined;
  const { value } = fresh.scalar;
  if (quote === '"' && !value.includes("\n")) return quoteDouble(value);
  return quote === "'" && fitsSingleQuotes(value) ? quoteSingle(value) : undefined;
}
