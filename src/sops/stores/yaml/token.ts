/**
 * One-line scalars, in the forms that the fast reader takes on. A form that is valid YAML, or may be, but not of that
 * subset is answered with undefined: the library then reads the whole file.
 */

/** A scalar as it stands in the text. `end` is behind its last character, `value` what it says. */
export interface Token {
  readonly value: string;
  readonly plain: boolean;
  readonly end: number;
  /** It is followed by a colon and a blank or the end of the line: a key. Then the colon's offset. */
  readonly colon: number;
}

const SPACE = 0x20;
const COLON = 0x3a;
const HASH = 0x23;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const DASH = 0x2d;

/** Characters that cannot begin a plain scalar, or only sometimes; the latter are left to the library. */
const NOT_PLAIN_FIRST = new Set(Array.from("#,[]{}&*!|>'\"%@`?:", (sign) => sign.charCodeAt(0)));

/** The scalar that begins at `start`, on the line that ends at `eol`. */
export function scanToken(text: string, start: number, eol: number): Token | undefined {
  const first = text.charCodeAt(start);
  if (first === DOUBLE_QUOTE) return scanDouble(text, start, eol);
  if (first === SINGLE_QUOTE) return scanSingle(text, start, eol);
  if (NOT_PLAIN_FIRST.has(first)) return undefined;
  if (first === DASH && (start + 1 >= eol || text.charCodeAt(start + 1) === SPACE)) return undefined;
  let space = text.indexOf(" ", start);
  while (space !== -1 && space < eol) {
    if (text.charCodeAt(space - 1) === COLON) return plainToken(text, start, space - 1, space - 1);
    if (text.charCodeAt(space + 1) === HASH && space + 1 < eol) return plainToken(text, start, space, -1);
    space = text.indexOf(" ", space + 1);
  }
  if (text.charCodeAt(eol - 1) === COLON) return plainToken(text, start, eol - 1, eol - 1);
  return plainToken(text, start, eol, -1);
}

function plainToken(text: string, start: number, limit: number, colon: number): Token {
  let end = limit;
  while (text.charCodeAt(end - 1) === SPACE) end--;
  return { value: text.slice(start, end), plain: true, end, colon };
}

function scanSingle(text: string, start: number, eol: number): Token | undefined {
  let close = text.indexOf("'", start + 1);
  let doubled = false;
  while (close !== -1 && text.charCodeAt(close + 1) === SINGLE_QUOTE) {
    doubled = true;
    close = text.indexOf("'", close + 2);
  }
  if (close === -1 || close >= eol) return undefined;
  const raw = text.slice(start + 1, close);
  return quotedToken(text, doubled ? raw.replaceAll("''", "'") : raw, close + 1, eol);
}

function scanDouble(text: string, start: number, eol: number): Token | undefined {
  const close = text.indexOf('"', start + 1);
  if (close === -1 || close >= eol) return undefined;
  const raw = text.slice(start + 1, close);
  if (!raw.includes("\\")) return quotedToken(text, raw, close + 1, eol);
  return scanEscaped(text, start, eol);
}

const ESCAPES = new Map(
  Object.entries({
    "0": "\0",
    a: "\x07",
    b: "\b",
    t: "\t",
    n: "\n",
    v: "\v",
    f: "\f",
    r: "\r",
    e: "\x1b",
    " ": " ",
    '"': '"',
    "\\": "\\",
    "/": "/",
    N: "\x85",
    _: "\xa0",
    L: "\u2028",
    P: "\u2029",
  }),
);
const HEX_LENGTH = new Map([
  ["x", 2],
  ["u", 4],
  ["U", 8],
]);

function scanEscaped(text: string, start: number, eol: number): Token | undefined {
  let value = "";
  let at = start + 1;
  for (;;) {
    const from = at;
    while (at < eol && text.charCodeAt(at) !== DOUBLE_QUOTE && text[at] !== "\\") at++;
    if (at >= eol) return undefined;
    value += text.slice(from, at);
    if (text.charCodeAt(at) === DOUBLE_QUOTE) return quotedToken(text, value, at + 1, eol);
    const sign = text.charAt(at + 1);
    const simple = ESCAPES.get(sign);
    at += 2;
    if (simple !== undefined) value += simple;
    else {
      const length = HEX_LENGTH.get(sign);
      const hex = text.slice(at, at + (length ?? 0));
      if (length === undefined || !/^[0-9a-fA-F]+$/.test(hex) || hex.length !== length) return undefined;
      const code = Number.parseInt(hex, 16);
      if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return undefined;
      value += String.fromCodePoint(code);
      at += length;
    }
  }
}

/** What may follow a quoted scalar: the end of the line, blanks, or the colon of a key. */
function quotedToken(text: string, value: string, end: number, eol: number): Token | undefined {
  if (end >= eol) return { value, plain: false, end, colon: -1 };
  const next = text.charCodeAt(end);
  if (next === SPACE) return { value, plain: false, end, colon: -1 };
  if (next !== COLON || (end + 1 < eol && text.charCodeAt(end + 1) !== SPACE)) return undefined;
  return { value, plain: false, end, colon: end };
}

/** Offset of the line feed that ends the line, or the length of the text. */
export function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}

/** The end of a line without its carriage return, if there is one. */
export function trimReturn(text: string, start: number, end: number): number {
  return end > start && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
}
