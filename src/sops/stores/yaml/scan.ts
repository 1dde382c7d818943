/**
 * The fast reader: YAML in the form in which sops writes it (blocks, one-line scalars, literal blocks, comments), read
 * in one pass without the YAML library. It answers undefined for anything else, valid or not (anchors, tags, flow
 * collections, folded text, duplicate keys, …); `compose.ts` then reads the file or says what is wrong with it. It must
 * therefore never guess: what it takes on, it reads exactly as the slow reader does, which the tests hold it to.
 */
import type { MapNode, ScalarNode, ScalarValue, ValueNode } from "../../tree.ts";
import { MAX_NESTING } from "./limits.ts";
import { scanLiteral } from "./literal.ts";
import { type Block, Outline } from "./outline.ts";
import { resolvePlain } from "./resolve.ts";
import { endOfLine, scanToken, type Token, trimReturn } from "./token.ts";

const SPACE = 0x20;
const HASH = 0x23;
const DASH = 0x2d;
const PIPE = 0x7c;
/** go-yaml takes no simple key that is longer; the library knows the exact rule. */
const LONGEST_KEY = 1000;

const NOT_MINE = new Error("not of the subset");

/** The documents of the text, metadata included, or undefined when the text is not of the subset. */
export function scanDocuments(text: string): MapNode[] | undefined {
  // Tabs and inner byte order marks have rules of their own in each place.
  if (text.includes("\t") || text.includes("\uFEFF", 1)) return undefined;
  try {
    return new Scan(text).run();
  } catch (error) {
    if (error === NOT_MINE) return undefined;
    throw error;
  }
}

class Scan {
  private readonly text: string;
  private readonly documents: MapNode[] = [];
  private outline = new Outline();
  private gap = false;
  /** Start of the document's text. */
  private from: number;
  /** A `---` was met and nothing after it yet. */
  private marked = false;

  constructor(text: string) {
    this.text = text;
    this.from = text.startsWith("\uFEFF") ? 1 : 0;
  }

  run(): MapNode[] {
    const { text } = this;
    let at = this.from;
    while (at < text.length) at = this.line(at);
    if (this.outline.open.length > 0 || this.marked) this.endDocument(text.length, true);
    if (this.documents.length === 0) throw NOT_MINE;
    return this.documents;
  }

  /** Reads the line at `at`, with the literal block that it may begin; returns the start of the next. */
  private line(at: number): number {
    const { text, outline } = this;
    const lineEnd = endOfLine(text, at);
    const eol = trimReturn(text, at, lineEnd);
    let start = at;
    while (text.charCodeAt(start) === SPACE) start++;
    if (start >= eol) {
      this.gap = true;
      return lineEnd + 1;
    }
    const column = start - at;
    const first = text.charCodeAt(start);
    if (first === HASH) {
      outline.hold(text, start, eol, column, this.gap);
      this.gap = false;
      return lineEnd + 1;
    }
    if (column === 0 && this.isMarker(at, eol)) {
      if (outline.open.length > 0 || this.marked) this.endDocument(at, false);
      this.marked = true;
      this.gap = false;
      return lineEnd + 1;
    }
    this.marked = true;
    const dash = first === DASH && (start + 1 === eol || text.charCodeAt(start + 1) === SPACE);
    const heads = outline.settle(column, dash, this.gap, false);
    this.gap = false;
    const block = this.enter(dash ? "list" : "map", column, start);
    for (const head of heads) block.children.push(head);
    const next = dash ? this.item(block, start, eol, at) : this.entry(block, start, eol);
    return next === -1 ? lineEnd + 1 : next;
  }

  /** `---` alone on its line. Other markers and directives are for the library. */
  private isMarker(at: number, eol: number): boolean {
    const { text } = this;
    if (!text.startsWith("---", at) && !text.startsWith("...", at) && text[at] !== "%") return false;
    const rest = text.slice(at, eol);
    if (/^--- *$/.test(rest)) return true;
    if (/^(?:---|\.\.\.)(?: |$)|^%/.test(rest)) throw NOT_MINE;
    return false;
  }

  private endDocument(end: number, last: boolean): void {
    const { outline } = this;
    const tail = outline.settle(-1, false, this.gap, last);
    let root: MapNode | undefined;
    while (outline.open.length > 1) outline.close();
    const top = outline.open[0];
    if (top !== undefined) {
      outline.fillNull(top);
      for (const comment of tail) top.children.push(comment);
      root = outline.close() as MapNode;
    } else root = { kind: "map", entries: tail };
    this.documents.push({ ...root, span: { start: this.from, end } });
    this.outline = new Outline();
    this.from = end;
    this.gap = false;
    this.marked = false;
  }

  /** The block that a line at this column belongs to, opened if it is new. */
  private enter(kind: "map" | "list", column: number, start: number): Block {
    const { open } = this.outline;
    let top = open.at(-1);
    while (top !== undefined && top.column > column) {
      if (open.length === 1) throw NOT_MINE;
      this.outline.close();
      top = open.at(-1);
    }
    if (top === undefined) {
      if (kind === "list") throw NOT_MINE;
      return this.outline.push("map", column, start);
    }
    if (top.column < column) {
      if (top.waiting === undefined) throw NOT_MINE;
      return this.push(kind, column, start);
    }
    // A list may stand at the column of its key.
    if (kind === "list" && top.kind === "map" && top.waiting !== undefined) return this.push("list", column, start);
    if (kind === "map" && top.kind === "list") {
      this.outline.close();
      top = open.at(-1);
      if (top === undefined || top.column !== column) throw NOT_MINE;
    }
    if (top.kind !== kind) throw NOT_MINE;
    this.outline.fillNull(top);
    return top;
  }

  private push(kind: "map" | "list", column: number, start: number): Block {
    if (this.outline.open.length >= MAX_NESTING) throw NOT_MINE;
    return this.outline.push(kind, column, start);
  }

  /** An item behind its dash; what it opens (`- - a`, `- k: v`) goes on in the same line. */
  private item(block: Block, dash: number, eol: number, lineStart: number): number {
    const { text } = this;
    let start = dash + 1;
    while (text.charCodeAt(start) === SPACE && start < eol) start++;
    block.waiting = { key: "", start: dash, end: dash + 1 };
    if (start >= eol) return -1;
    const first = text.charCodeAt(start);
    if (first === DASH && (start + 1 === eol || text.charCodeAt(start + 1) === SPACE)) {
      return this.item(this.push("list", start - lineStart, start), start, eol, lineStart);
    }
    if (first === HASH) throw NOT_MINE;
    if (first !== PIPE && !this.isHollow(start, eol)) {
      const token = scanToken(text, start, eol);
      if (token === undefined) throw NOT_MINE;
      if (token.colon !== -1) return this.entry(this.push("map", start - lineStart, start), start, eol, token);
    }
    return this.value(block, start, eol);
  }

  private entry(block: Block, start: number, eol: number, known?: Token): number {
    const { text } = this;
    const token = known ?? scanToken(text, start, eol);
    if (token === undefined || token.colon === -1 || token.value.length > LONGEST_KEY) throw NOT_MINE;
    if (token.plain && (token.value === "<<" || resolvePlain(token.value)?.type !== "str")) throw NOT_MINE;
    if (block.keys?.has(token.value)) throw NOT_MINE;
    block.keys?.add(token.value);
    block.waiting = { key: token.value, start, end: token.colon + 1 };
    let at = token.colon + 1;
    while (text.charCodeAt(at) === SPACE && at < eol) at++;
    if (at >= eol) return -1;
    if (text.charCodeAt(at) !== HASH) return this.value(block, at, eol);
    // Behind a key alone, a comment moves above the key.
    block.children.push({ kind: "comment", text: text.slice(at + 1, eol), span: { start: at, end: eol } });
    return -1;
  }

  /** The scalar or empty collection at `start`, with the comment behind it. */
  private value(block: Block, start: number, eol: number): number {
    const { text, outline } = this;
    if (text.charCodeAt(start) === PIPE) return this.literal(block, start, eol);
    if (this.isHollow(start, eol)) {
      if (text.charCodeAt(start) === 0x7b)
        outline.add(block, { kind: "map", entries: [], span: { start, end: start + 2 } }, start + 2);
      else outline.add(block, { kind: "list", items: [], span: { start, end: start + 2 } }, start + 2);
      return -1;
    }
    const token = scanToken(text, start, eol);
    if (token === undefined || token.colon !== -1) throw NOT_MINE;
    this.inlineComment(block, token.end, eol);
    const scalar: ScalarValue | undefined = token.plain
      ? resolvePlain(token.value)
      : { type: "str", value: token.value };
    if (scalar === undefined || (token.plain && token.value === "<<")) throw NOT_MINE;
    outline.add(block, scalarNode(scalar, start, token.end), token.end);
    return -1;
  }

  private literal(block: Block, start: number, eol: number): number {
    const { text } = this;
    let end = start;
    while (end < eol && text.charCodeAt(end) !== SPACE) end++;
    const literal = scanLiteral(text, text.slice(start, end), endOfLine(text, eol) + 1, block.column);
    if (literal === undefined) throw NOT_MINE;
    this.inlineComment(block, end, eol);
    this.outline.add(block, scalarNode({ type: "str", value: literal.value }, start, literal.end), literal.end);
    this.gap = literal.gap;
    return literal.next;
  }

  /** `{}` or `[]` and nothing else on the line. */
  private isHollow(start: number, eol: number): boolean {
    const { text } = this;
    if (!text.startsWith("{}", start) && !text.startsWith("[]", start)) return false;
    for (let at = start + 2; at < eol; at++) if (text.charCodeAt(at) !== SPACE) throw NOT_MINE;
    return true;
  }

  private inlineComment(block: Block, end: number, eol: number): void {
    const { text } = this;
    let at = end;
    while (at < eol && text.charCodeAt(at) === SPACE) at++;
    if (at >= eol) return;
    if (text.charCodeAt(at) !== HASH || at === end) throw NOT_MINE;
    block.children.push({
      kind: "comment",
      text: text.slice(at + 1, eol),
      inline: true,
      span: { start: at, end: eol },
    });
  }
}

function scalarNode(scalar: ScalarValue, start: number, end: number): ScalarNode & ValueNode {
  return { kind: "scalar", scalar, span: { start, end } };
}
