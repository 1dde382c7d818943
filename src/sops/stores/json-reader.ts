/**
 * JSON to a tree with spans. A reader of its own since `JSON.parse` loses the order of numeric keys, numbers beyond
 * 2^53, repeated keys and every position; strings are cut out by the engine's own search, so it stays fast.
 */
import { type ErrorCode, SecretsError } from "../../errors.ts";
import { fitsInt64 } from "../scalar.ts";
import { positionAt } from "../text.ts";
import type { EntryNode, ListNode, MapNode, ScalarNode, ScalarValue, Span, ValueNode } from "../tree.ts";

/** Levels of maps and lists in one document, the outermost included. */
const MAX_NESTING = 64;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\r\n]*/y;
const CONTROL = /[\0-\x1f]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const ESCAPES = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/**
 * The one object that the text has to hold.
 * @throws SecretsError `E_JSON_SYNTAX`, `E_JSON_NESTING`, `E_DUPLICATE_KEY`, each with line and column.
 */
export function readJson(text: string): MapNode {
  const reader = new JsonReader(text);
  return reader.document();
}

class JsonReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): MapNode {
    this.#skipSpace();
    if (this.#text[this.#at] !== "{") throw this.#fault("The document has to be one JSON object");
    const map = this.#map();
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#fault("There is text after the JSON object");
    return map;
  }

  #value(): ValueNode {
    const first = this.#text[this.#at];
    if (first === '"') {
      const start = this.#at;
      const value = this.#string();
      return { kind: "scalar", scalar: { type: "str", value }, span: { start, end: this.#at } };
    }
    if (first === "{") return this.#map();
    if (first === "[") return this.#list();
    return this.#literal();
  }

  #map(): MapNode {
    const start = this.#enter();
    const entries: EntryNode[] = [];
    const seen = new Set<string>();
    this.#separated("}", () => {
      const entryStart = this.#at;
      if (this.#text[this.#at] !== '"') throw this.#fault("A key in double quotes is missing");
      const key = this.#string();
      if (seen.has(key)) throw this.#fault("A key stands twice in the same object", "E_DUPLICATE_KEY", entryStart);
      seen.add(key);
      this.#skipSpace();
      if (this.#text[this.#at] !== ":") throw this.#fault("A colon is missing");
      this.#at++;
      this.#skipSpace();
      const value = this.#value();
      entries.push({ kind: "entry", key, value, span: { start: entryStart, end: this.#at } });
    });
    return { kind: "map", entries, span: this.#leave(start) };
  }

  #list(): ListNode {
    const start = this.#enter();
    const items: ValueNode[] = [];
    this.#separated("]", () => {
      items.push(this.#value());
    });
    return { kind: "list", items, span: this.#leave(start) };
  }

  /** The members up to and with the closing sign; the opening sign is read already. */
  #separated(close: string, member: () => void): void {
    this.#skipSpace();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      this.#skipSpace();
      member();
      this.#skipSpace();
      const next = this.#text[this.#at];
      if (next !== "," && next !== close) throw this.#fault(`A comma or '${close}' is missing`);
      this.#at++;
      if (next === close) return;
    }
  }

  #enter(): number {
    if (++this.#depth > MAX_NESTING) {
      throw this.#fault(`The document is nested deeper than ${MAX_NESTING} levels`, "E_JSON_NESTING");
    }
    return this.#at++;
  }

  #leave(start: number): Span {
    this.#depth--;
    return { start, end: this.#at };
  }

  #literal(): ScalarNode {
    const start = this.#at;
    for (const [word, scalar] of LITERALS) {
      if (this.#text.startsWith(word, start)) {
        this.#at += word.length;
        return { kind: "scalar", scalar, span: { start, end: this.#at } };
      }
    }
    NUMBER.lastIndex = start;
    const found = NUMBER.exec(this.#text)?.[0];
    if (found === undefined) throw this.#fault("A value is missing or is not JSON");
    const scalar = numberFrom(found);
    if (scalar === undefined) throw this.#fault("A number is out of range");
    this.#at += found.length;
    return { kind: "scalar", scalar, span: { start, end: this.#at } };
  }

  #string(): string {
    const start = this.#at + 1;
    let end = this.#text.indexOf('"', start);
    // A quote behind an odd number of backslashes belongs to the text.
    while (end !== -1 && this.#isEscaped(end, start)) end = this.#text.indexOf('"', end + 1);
    if (end === -1) throw this.#fault("A string has no end");
    const raw = this.#text.slice(start, end);
    const control = raw.search(CONTROL);
    if (control !== -1)
      throw this.#fault("A string holds a line break or control character", undefined, start + control);
    this.#at = end + 1;
    return raw.includes("\\") ? this.#unescape(raw, start) : raw;
  }

  #isEscaped(quote: number, start: number): boolean {
    let before = quote;
    while (before > start && this.#text.charCodeAt(before - 1) === 0x5c) before--;
    return (quote - before) % 2 === 1;
  }

  #unescape(raw: string, start: number): string {
    const parts: string[] = [];
    let from = 0;
    for (let slash = raw.indexOf("\\"); slash !== -1; slash = raw.indexOf("\\", from)) {
      parts.push(raw.slice(from, slash));
      const sign = raw[slash + 1] ?? "";
      const plain = ESCAPES.get(sign);
      const hex = sign === "u" ? raw.slice(slash + 2, slash + 6) : "";
      if (plain === undefined && !/^[0-9a-fA-F]{4}$/.test(hex)) {
        throw this.#fault("A string holds an unknown escape", undefined, start + slash);
      }
      parts.push(plain ?? String.fromCharCode(Number.parseInt(hex, 16)));
      from = slash + (plain === undefined ? 6 : 2);
    }
    parts.push(raw.slice(from));
    // Half of a surrogate pair is no character; Go reads it as the replacement character.
    return parts.join("").replace(LONE_SURROGATE, "\ufffd");
  }

  #skipSpace(): void {
    if (this.#text.charCodeAt(this.#at) > 0x20) return;
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #fault(what: string, code: ErrorCode = "E_JSON_SYNTAX", at = this.#at): SecretsError {
    return new SecretsError(code, `${what}.`, {
      location: positionAt(this.#text, at),
      hint: "Mend the JSON at this place.",
    });
  }
}

const LITERALS: readonly (readonly [string, ScalarValue])[] = [
  ["true", { type: "bool", value: true }],
  ["false", { type: "bool", value: false }],
  ["null", { type: "null" }],
];

/** As sops since 3.13.2: an integer of 64 bits is `int`, everything else `float`. */
function numberFrom(text: string): ScalarValue | undefined {
  // Longer runs of digits cannot be 64-bit numbers, and BigInt takes quadratic time on them.
  if (text.length <= 20 && /^-?\d+$/.test(text)) {
    const value = BigInt(text);
    if (fitsInt64(value)) return { type: "int", value };
  }
  const value = Number(text);
  return Number.isFinite(value) ? { type: "float", value } : undefined;
}
