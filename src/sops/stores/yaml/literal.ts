/** Literal blocks, for the fast reader. */
import { endOfLine, trimReturn } from "./token.ts";

const SPACE = 0x20;

/** A literal block. `next` is the start of the first line behind it. */
export interface LiteralToken {
  readonly value: string;
  readonly end: number;
  readonly next: number;
  /** Empty lines follow it that are not part of it. */
  readonly gap: boolean;
}

const LITERAL_HEADER = /^\|(?:([1-9])?([-+])?|([-+])([1-9]))$/;

/** The literal block whose header (`|`, `|2-`, …) is given, with content from the line at `from` on. */
export function scanLiteral(text: string, header: string, from: number, parent: number): LiteralToken | undefined {
  const match = LITERAL_HEADER.exec(header);
  if (match === null) return undefined;
  const digit = match[1] ?? match[4];
  const chomp = match[2] ?? match[3] ?? "";
  const indent = digit === undefined ? findIndent(text, from) : parent + Number(digit);
  if (indent === undefined || indent <= parent) return undefined;
  const pad = " ".repeat(indent);
  const lines: string[] = [];
  let filled = 0;
  let end = from;
  let next = from;
  let ended = true;
  for (let at = from; at < text.length; ) {
    const lineEnd = endOfLine(text, at);
    const eol = trimReturn(text, at, lineEnd);
    if (text.startsWith(pad, at) && eol > at + indent) {
      lines.push(text.slice(at + indent, eol));
      filled = lines.length;
      end = eol;
      ended = lineEnd < text.length;
    } else if (isBlank(text, at, eol)) {
      // A blank line of the wrong width before the text, or the end of the text within one: let the library decide.
      if (lineEnd >= text.length || (filled === 0 && eol > at)) return undefined;
      lines.push("");
      if (chomp === "+") end = eol;
    } else break;
    at = lineEnd + 1;
    next = at;
  }
  if (filled === 0) return undefined;
  const gap = lines.length > filled;
  const body = lines.slice(0, filled).join("\n");
  if (chomp === "-") return { value: body, end, next, gap };
  if (chomp === "") return { value: ended ? `${body}\n` : body, end, next, gap };
  return { value: lines.join("\n") + (ended ? "\n" : ""), end, next, gap };
}

/** The column of the first line with something on it. */
function findIndent(text: string, from: number): number | undefined {
  for (let at = from; at < text.length; at = endOfLine(text, at) + 1) {
    let column = at;
    while (text.charCodeAt(column) === SPACE) column++;
    const sign = text.charAt(column);
    if (sign !== "\n" && sign !== "\r" && sign !== "") return column - at;
    if (column > at) return undefined;
  }
  return undefined;
}

function isBlank(text: string, start: number, eol: number): boolean {
  for (let at = start; at < eol; at++) if (text.charCodeAt(at) !== SPACE) return false;
  return true;
}
