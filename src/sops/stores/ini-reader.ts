/**
 * INI to a tree, by the rules of gopkg.in/ini.v1 v1.67 as sops uses it: continuation lines, four ways of quoting,
 * inline comments, `"""` values over several lines. A comment that stands above a key comes *behind* it in the tree,
 * since that is where sops puts it.
 */
import { type ErrorCode, SecretsError } from "../../errors.ts";
import { positionAt } from "../text.ts";
import type { CommentNode, EntryNode, MapNode, Span } from "../tree.ts";

/** Keys before any header belong to this section. */
export const DEFAULT_SECTION = "DEFAULT";

/** Go's `unicode.IsSpace`; JavaScript's own set differs in two characters. */
const SPACE = "[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const LEADING = new RegExp(`^${SPACE}+`);
const TRAILING_CHARACTER = new RegExp(SPACE);

/** Where a section or key stands in the text; the rewriter works on these. */
export interface IniBlock {
  /** From the comment lines above on, with the last line break. */
  readonly start: number;
  /** The key or header itself, without the comments above. */
  readonly own: number;
  readonly end: number;
  /** From the first character of the value to its end, quotes included; empty for a header. */
  readonly value: Span;
  readonly commented: boolean;
}

export interface IniText {
  readonly root: MapNode;
  /** By the offset at which the span of the section's or key's entry starts. */
  readonly headers: ReadonlyMap<number, IniBlock>;
  readonly keys: ReadonlyMap<number, IniBlock>;
}

/** @throws SecretsError `E_INI_SYNTAX` or `E_DUPLICATE_KEY` with line and column. */
export function readIni(text: string): IniText {
  return new IniReader(text).read();
}

interface Section {
  readonly name: string;
  /** The offset of the header; 0 for the keys before any. */
  readonly start: number;
  readonly entries: (EntryNode | CommentNode)[];
  readonly seen: Set<string>;
}

class IniReader {
  readonly #text: string;
  #at = 0;
  /** The comment text that belongs to the next key or header, and where its first line starts. */
  #comment = "";
  #commentStart: number | undefined;
  readonly #headers = new Map<number, IniBlock>();
  readonly #keys = new Map<number, IniBlock>();
  readonly #sections: Section[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#headers.set(0, { start: 0, own: 0, end: 0, value: { start: 0, end: 0 }, commented: false });
    this.#sections.push({ name: DEFAULT_SECTION, start: 0, entries: [], seen: new Set() });
  }

  read(): IniText {
    while (this.#at < this.#text.length) this.#line();
    const [first, ...named] = this.#sections;
    const sections = first === undefined || first.entries.length === 0 ? named : [first, ...named];
    const entries = sections.map(({ name, start, entries }): EntryNode => {
      // The start is what finds the header again; a section has no end of its own in the text.
      return { kind: "entry", key: name, value: { kind: "map", entries }, span: { start, end: start } };
    });
    return { root: { kind: "map", entries }, headers: this.#headers, keys: this.#keys };
  }

  #line(): void {
    const start = this.#at;
    const line = this.#next();
    const bare = line.replace(LEADING, "");
    const own = start + line.length - bare.length;
    if (bare === "") return;
    if (bare.startsWith("#") || bare.startsWith(";")) {
      this.#comment += bare;
      this.#commentStart ??= start;
    } else if (bare.startsWith("[")) {
      this.#header(bare, start, own);
    } else {
      this.#key(bare, start, own);
    }
  }

  #header(bare: string, start: number, own: number): void {
    const close = bare.lastIndexOf("]");
    if (close === -1) throw this.#fault("A section header has no ']'", own);
    if (close === 1) throw this.#fault("A section has no name", own);
    const mark = bare.slice(close + 1).search(/[#;]/);
    if (mark !== -1) this.#comment += bare.slice(close + 1 + mark);
    this.#headers.set(own, this.#block(start, own, { start: own, end: own }));
    const entries = this.#takeComment(own);
    this.#sections.push({ name: bare.slice(1, close), start: own, entries, seen: new Set() });
  }

  #key(bare: string, start: number, own: number): void {
    const { name, offset } = this.#keyName(bare, own);
    // A lone '-' is counted up to '#1', which sops then writes and no longer reads.
    if (name === "-") throw this.#fault("A key named '-' cannot be kept", own);
    if (name === "") throw this.#fault("A key has no name", own);
    const rest = bare.slice(offset);
    const raw = rest.replace(LEADING, "");
    const valueStart = own + offset + (raw === "" ? (/^[ \t]*/.exec(rest)?.[0].length ?? 0) : rest.length - raw.length);
    const { value, end } = this.#value(raw, valueStart);
    const section = this.#sections.at(-1);
    if (section === undefined) return;
    if (section.seen.has(name)) throw this.#fault("A key stands twice in the same section", own, "E_DUPLICATE_KEY");
    section.seen.add(name);
    const span = { start: valueStart, end };
    const entry: EntryNode = {
      kind: "entry",
      key: name,
      value: { kind: "scalar", scalar: { type: "str", value }, span },
      span: { start: own, end },
    };
    this.#keys.set(own, this.#block(start, own, span));
    section.entries.push(entry, ...this.#takeComment(own));
  }

  #keyName(bare: string, own: number): { name: string; offset: number } {
    const quote = bare.length > 6 && bare.startsWith('"""') ? '"""' : /^["`]/.exec(bare)?.[0];
    if (quote === undefined) {
      const delimiter = bare.search(/[=:]/);
      if (delimiter <= 0) throw this.#fault("A line has no key or no '='", own);
      return { name: trim(bare.slice(0, delimiter)), offset: delimiter + 1 };
    }
    const close = bare.indexOf(quote, quote.length);
    if (close === -1) throw this.#fault("A quoted key has no end", own);
    const behind = bare.slice(close + quote.length);
    const delimiter = behind.search(/[=:]/);
    if (delimiter === -1) throw this.#fault("A line has no '=' between key and value", own);
    return { name: trim(bare.slice(quote.length, close)), offset: close + quote.length + delimiter + 1 };
  }

  /** `raw` is the rest of the line without leading blanks; the reader may go on to further lines. */
  #value(raw: string, start: number): { value: string; end: number } {
    if (raw === "") return { value: "", end: start };
    const quote = raw.length > 3 && raw.startsWith('"""') ? '"""' : raw.startsWith("`") ? "`" : undefined;
    if (quote !== undefined) {
      const close = raw.slice(quote.length).lastIndexOf(quote);
      if (close === -1) return this.#multiline(raw.slice(quote.length), quote, start);
      return { value: raw.slice(quote.length, quote.length + close), end: start + trim(raw).length };
    }
    let line = trim(raw);
    if (line.endsWith("\\")) return this.#continued(line.slice(0, -1));
    const mark = line.search(/[#;]/);
    if (mark !== -1) {
      this.#comment += line.slice(mark);
      line = trim(line.slice(0, mark));
    }
    const end = start + line.length;
    if (isQuoted(line, "'") || isQuoted(line, '"')) line = line.slice(1, -1);
    return { value: line, end };
  }

  #multiline(first: string, quote: string, start: number): { value: string; end: number } {
    const parts = [first];
    while (this.#at < this.#text.length) {
      const lineStart = this.#at;
      const line = this.#next();
      const close = line.lastIndexOf(quote);
      if (close === -1 || trim(line.slice(close + quote.length)).endsWith("\\")) {
        parts.push(line);
        continue;
      }
      const mark = line.slice(close).search(/[#;]/);
      if (mark !== -1) this.#comment += trim(line.slice(close + mark));
      parts.push(line.slice(0, close));
      return { value: parts.join(""), end: lineStart + trimEnd(line).length };
    }
    throw this.#fault("A value in quotes has no end", start);
  }

  #continued(first: string): { value: string; end: number } {
    let value = first;
    let end = this.#at;
    while (this.#at < this.#text.length) {
      const start = this.#at;
      const line = this.#next();
      end = start + trimEnd(line).length;
      const next = trim(line);
      if (next === "") break;
      value += next;
      if (!value.endsWith("\\")) break;
      value = value.slice(0, -1);
    }
    return { value, end };
  }

  #block(start: number, own: number, value: Span): IniBlock {
    return { start: this.#commentStart ?? start, own, end: this.#at, value, commented: this.#comment !== "" };
  }

  #takeComment(own: number): CommentNode[] {
    const comment = trim(this.#comment);
    const span = { start: this.#commentStart ?? own, end: own };
    this.#comment = "";
    this.#commentStart = undefined;
    return comment === "" ? [] : [{ kind: "comment", text: stripSign(comment), span }];
  }

  /** The next line with its line break. */
  #next(): string {
    const feed = this.#text.indexOf("\n", this.#at);
    const end = feed === -1 ? this.#text.length : feed + 1;
    const line = this.#text.slice(this.#at, end);
    this.#at = end;
    return line;
  }

  #fault(what: string, at: number, code: ErrorCode = "E_INI_SYNTAX"): SecretsError {
    return new SecretsError(code, `${what}.`, {
      location: positionAt(this.#text, at),
      hint: "Mend the INI line: key = value below a [section] header.",
    });
  }
}

function isQuoted(text: string, quote: string): boolean {
  return text.length >= 2 && text.startsWith(quote) && text.indexOf(quote, 1) === text.length - 1;
}

/** sops keeps one sign fewer than it reads: the first run of `;` or `#` and blanks. */
function stripSign(comment: string): string {
  if (comment.startsWith(";")) return comment.replace(/^[; ]+/, "");
  return comment.startsWith("#") ? comment.replace(/^[# ]+/, "") : comment;
}

function trim(text: string): string {
  return trimEnd(text.replace(LEADING, ""));
}

/** By hand: an expression anchored at the end takes quadratic time on long runs of blanks. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING_CHARACTER.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
