/**
 * Writes trees as YAML, byte for byte as sops 3.13 does through go-yaml 3.0.4, except where sops writes what it cannot
 * read back, or loses something: literal blocks that would get a wrong indentation digit or begin with a tab are written
 * in double quotes, and so are the separators U+2028 and U+2029; comments of lists and of maps in lists stay where
 * they stand.
 */
import type { CommentNode, EntryNode, ListNode, MapNode, ScalarNode, ValueNode } from "../../tree.ts";
import { formatFloat } from "./number.ts";
import { chooseStyle, quoteDouble, quoteSingle } from "./quote.ts";
import { Sheet } from "./sheet.ts";

const DEFAULT_INDENT = 4;
/** A longer key is written `? key`. In bytes of UTF-8. */
const LONGEST_SIMPLE_KEY = 128;
const BASE64_LINE = 70;
/** What go-yaml takes for a line break. */
const LINE_BREAK = /[\n\r\x85\u2028\u2029]/;

/** The step of indentation in use for what was asked: 4 by default, and 2 for anything out of 2..9. */
export function indentStep(indent: number | undefined): number {
  if (indent === undefined || indent === 0) return DEFAULT_INDENT;
  return indent < 2 || indent > 9 ? 2 : indent;
}

/** All documents of a file, with `---` lines between them and a final line break. */
export function emitDocuments(documents: readonly MapNode[], step: number): string {
  return documents.map((document) => emitDocument(document, step)).join("---\n");
}

/** One document with its final line break. */
export function emitDocument(document: MapNode, step: number): string {
  const sheet = new Sheet(0);
  if (document.entries.some((entry) => entry.kind === "entry"))
    writeChildren(sheet, document.entries, { column: 0, step });
  else writeHollow(sheet, "{}", document.entries, { column: 0, step }, step);
  return sheet.finish();
}

/** Where a block stands: the column of its keys or dashes, and the step for what is nested below. */
export interface Place {
  readonly column: number;
  readonly step: number;
  /** The value in question is that of a list item: what it nests stands two columns behind the dash. */
  readonly inItem?: boolean;
}

type Children = MapNode["entries"] | ListNode["items"];

/** The children of a map or list, each key or dash at the column. */
export function writeChildren(sheet: Sheet, children: Children, place: Place): void {
  let inline: CommentNode[] = [];
  for (const child of children) {
    if (child.kind === "comment") {
      if (child.inline) inline.push(child);
      else writeComment(sheet, child, place.column);
      continue;
    }
    if (child.kind === "entry") writeEntry(sheet, child, inline, place);
    else writeItem(sheet, child, inline, place);
    inline = [];
  }
  for (const comment of inline) writeComment(sheet, comment, place.column);
}

/** One entry, with the comments that stand on its line. */
function writeEntry(sheet: Sheet, entry: EntryNode, inline: readonly CommentNode[], place: Place): void {
  const beside = entry.value.kind === "scalar" ? inline : [];
  if (beside.length === 0) for (const comment of inline) writeComment(sheet, comment, place.column);
  sheet.indent(place.column);
  const simple = !LINE_BREAK.test(entry.key) && Buffer.byteLength(entry.key) <= LONGEST_SIMPLE_KEY;
  if (simple) {
    const quoted = entry.key === "<<" && !canMerge(entry.value);
    sheet.word(quoted ? quoteDouble(entry.key) : formatString(entry.key));
    sheet.glue(":");
  } else {
    sheet.sign("?");
    writeString(sheet, entry.key, [], place);
    sheet.indent(place.column);
    sheet.sign(":");
  }
  writeValue(sheet, entry.value, beside, place);
}

/** One item behind its dash, with the comments that stand on its line. */
function writeItem(sheet: Sheet, item: ValueNode, inline: readonly CommentNode[], place: Place): void {
  const beside = item.kind === "scalar" ? inline : [];
  if (beside.length === 0) for (const comment of inline) writeComment(sheet, comment, place.column);
  // As sops does it, what is said first inside an item stands above its dash.
  const children = childrenOf(item);
  writeChildren(sheet, children.slice(0, countLeading(children)), place);
  sheet.indent(place.column);
  sheet.sign("-");
  writeValue(sheet, item, beside, { column: place.column, step: place.step, inItem: true });
}

/** The value of an entry or item, behind the colon or dash that stands there; `place` is that of the entry or item. */
export function writeValue(sheet: Sheet, value: ValueNode, inline: readonly CommentNode[], place: Place): void {
  if (value.kind === "scalar") {
    writeScalar(sheet, value, inline, place);
    return;
  }
  const children = childrenOf(value);
  const shown = place.inItem ? children.slice(countLeading(children)) : children;
  const column = nestedColumn(place);
  if (shown.some((child) => child.kind !== "comment")) writeChildren(sheet, shown, { column, step: place.step });
  else writeHollow(sheet, value.kind === "map" ? "{}" : "[]", shown, place, column);
}

/**
 * `{}` or `[]`; comments in it stand on lines of their own. The closing sign stands below the key; sops puts it at the
 * start of the line, where only go-yaml finds it.
 */
function writeHollow(sheet: Sheet, signs: "{}" | "[]", comments: Children, place: Place, column: number): void {
  sheet.word(comments.length === 0 ? signs : signs.charAt(0));
  if (comments.length === 0) return;
  for (const comment of comments) if (comment.kind === "comment") writeComment(sheet, comment, column);
  sheet.indent(place.column);
  sheet.glue(signs.charAt(1));
}

function writeScalar(sheet: Sheet, node: ScalarNode, inline: readonly CommentNode[], place: Place): void {
  const { scalar } = node;
  if (scalar.type === "str") writeString(sheet, scalar.value, inline, place);
  else if (scalar.type === "bytes") {
    sheet.word("!!binary");
    const text = Buffer.from(scalar.value).toString("base64");
    writeString(sheet, text.length < BASE64_LINE ? text : text.replace(/.{1,70}/g, "$&\n"), inline, place);
  } else {
    sheet.word(formatOther(scalar));
    writeInline(sheet, inline, place);
  }
}

function formatOther(scalar: Exclude<ScalarNode["scalar"], { type: "str" | "bytes" }>): string {
  if (scalar.type === "float") return formatFloat(scalar.value);
  return scalar.type === "null" ? "null" : String(scalar.value);
}

function writeString(sheet: Sheet, text: string, inline: readonly CommentNode[], place: Place): void {
  const literal = chooseStyle(text) === "literal" ? literalHeader(text, place) : undefined;
  if (literal === undefined) {
    sheet.word(formatString(text));
    writeInline(sheet, inline, place);
    return;
  }
  sheet.word(literal);
  if (inline.length > 0) writeInline(sheet, inline, place);
  else sheet.breakLine();
  const column = nestedColumn(place);
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    if (line !== "") {
      sheet.indent(column);
      sheet.glue(line);
    }
    if (index < lines.length - 1) sheet.breakLine();
  }
}

/** The header of a literal block; undefined where sops could not read back what it would write. */
function literalHeader(text: string, place: Place): string | undefined {
  const needsDigit = text.startsWith(" ") || text.startsWith("\n");
  if (text.startsWith("\t")) return undefined;
  if (needsDigit && nestedColumn(place) - place.column !== place.step) return undefined;
  const chomp = !text.endsWith("\n") ? "-" : text === "\n" || text.endsWith("\n\n") ? "+" : "";
  return `|${needsDigit ? place.step : ""}${chomp}`;
}

/** A string on one line. The plain string `<<` gets the tag that go-yaml gives it. */
function formatString(text: string): string {
  const style = chooseStyle(text);
  if (style === "plain") return text === "<<" ? "!!merge <<" : text;
  return style === "single" ? quoteSingle(text) : quoteDouble(text);
}

function writeInline(sheet: Sheet, inline: readonly CommentNode[], place: Place): void {
  for (const [index, comment] of inline.entries()) {
    if (index > 0) sheet.indent(place.column);
    sheet.comment(comment.text, place.column);
  }
}

function writeComment(sheet: Sheet, comment: CommentNode, column: number): void {
  sheet.indent(column);
  sheet.comment(comment.text, column);
}

/** sops refuses to read a merge of anything but a map or a list of maps; a quoted `<<` is a key like any other. */
function canMerge(value: ValueNode): boolean {
  return value.kind === "map" || (value.kind === "list" && value.items.every((item) => item.kind === "map"));
}

function childrenOf(value: ValueNode): Children {
  return value.kind === "map" ? value.entries : value.kind === "list" ? value.items : [];
}

/** How many comments of their own line come before the first entry or item. */
function countLeading(children: Children): number {
  const first = children.findIndex((child) => child.kind !== "comment" || child.inline === true);
  return first === -1 ? children.length : first;
}

function nestedColumn(place: Place): number {
  if (place.inItem) return place.column + 2;
  return place.step * Math.floor((place.column + place.step) / place.step);
}
