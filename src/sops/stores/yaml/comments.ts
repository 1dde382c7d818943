/** The comments of a text in order, handed out as the slow reader comes past them. */
import type { CommentNode } from "../../tree.ts";
import type { Outline } from "./outline.ts";
import { endOfLine, trimReturn } from "./token.ts";

interface FoundComment {
  readonly node: CommentNode;
  readonly start: number;
  readonly end: number;
}

export class Comments {
  private readonly text: string;
  private readonly offsets: readonly number[];
  private next = 0;

  constructor(text: string, offsets: readonly number[]) {
    this.text = text;
    this.offsets = offsets;
  }

  /** All comments before an offset that were not taken yet. */
  take(before: number): FoundComment[] {
    const found: FoundComment[] = [];
    for (let start = this.offsets[this.next]; start !== undefined && start < before; start = this.offsets[this.next]) {
      found.push(this.found(start, false));
      this.next++;
    }
    return found;
  }

  /** The comment that stands behind `from` on the same line, if it is the next; past a comma, if that is asked for. */
  takeLine(from: number, inline: boolean, comma = false): CommentNode[] {
    const start = this.offsets[this.next];
    if (start === undefined || start < from) return [];
    const between = this.text.slice(from, start);
    if (!(comma ? /^[ \t]*,?[ \t]*$/ : /^(?:[|>][-+\d]*)?[ \t]*$/).test(between)) return [];
    this.next++;
    return [this.found(start, inline).node];
  }

  /** Gives the comments before an offset to the outline and returns those that go with what stands there. */
  settle(outline: Outline, before: number, column: number, atEnd: boolean): CommentNode[] {
    const found = this.take(before);
    for (const { start, end } of found) {
      outline.hold(this.text, start, end, this.columnOf(start), this.isBlankAbove(start));
    }
    const last = found.at(-1);
    const gapBelow = last !== undefined && /\n[ \t]*\r?\n/.test(this.text.slice(last.end, before));
    return outline.settle(column, this.text[before] === "-", gapBelow, atEnd);
  }

  columnOf(offset: number): number {
    const start = this.text.lastIndexOf("\n", offset - 1) + 1;
    return offset - (start === 0 && this.text.startsWith("\uFEFF") ? 1 : start);
  }

  private isBlankAbove(offset: number): boolean {
    const line = this.text.lastIndexOf("\n", offset - 1);
    if (line <= 0) return false;
    const above = this.text.lastIndexOf("\n", line - 1) + 1;
    return /^[ \t]*\r?$/.test(this.text.slice(above, line));
  }

  private found(start: number, inline: boolean): FoundComment {
    const end = trimReturn(this.text, start, endOfLine(this.text, start));
    const span = { start, end };
    const text = this.text.slice(start + 1, end);
    return { node: inline ? { kind: "comment", text, inline, span } : { kind: "comment", text, span }, start, end };
  }
}
