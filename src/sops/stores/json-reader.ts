/**
 * JSON to a tree with spans. A reader of its own since `JSON.parse` loses the order of numeric keys, numbers beyond
 * 2^53, repeated keys and every position.
 */
import { type ErrorCode, SecretsError } from "../../errors.ts";
import { fitsInt64 } from "../scalar.ts";
import { positionAt } from "../text.ts";
import type { EntryNode, ListNode, MapNode, ScalarNode, ScalarValue, Span, ValueNode } from "../tree.ts";

/** Levels of maps and lists in one document, the outermost included. */
const MAX_NESTING = 64;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_MAP, CLOSE_MAP, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
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
    switch (this.#text.charCodeAt(this.#at)) {
      case QUOTE: {
        const start = this.#at;
        const value = this.#string();
        return { kind: "scalar", scalar: { type: "str", value }, span: { start, end: this.#at } };
      }
      case OPEN_MAP:
        return this.#map();
      case OPEN_LIST:
        return this.#list();
      default:
        return this.#literal();
    }
  }

  #map(): MapNode {
    const start = this.#enter();
    const entries: EntryNode[] = [];
    const seen = new Set<string>();
    for (let more = this.#opens(CLOSE_MAP); more; more = this.#continues(CLOSE_MAP)) {
      const entryStart = this.#at;
      if (this.#text.charCodeAt(entryStart) !== QUOTE) throw this.#fault("A key in double quotes is missing");
      const key = this.#string();
      if (seen.has(key)) throw this.#fault("A key stands twice in the same object", "E_DUPLICATE_KEY", entryStart);
      seen.add(key);
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) !== COLON) throw this.#fault("A colon is missing");
      this.#at++;
      this.#skipSpace();
      const value = this.#value();
      entries.push({ kind: "entry", key, value, span: { start: entryStart, end: this.#at } });
    }
    return { kind: "map", entries, span: this.#leave(start) };
  }

  #list(): ListNode {
    const start = this.#enter();
    const items: ValueNode[] = [];
    for (let more = this.#opens(CLOSE_LIST); more; more = this.#continues(CLOSE_LIST)) items.push(this.#value());
    return { kind: "list", items, span: this.#leave(start) };
  }

  /** After the opening sign: whether there is a first member. The closing sign of an empty container is taken. */
  #opens(close: number): boolean {
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) !== close) return true;
    this.#at++;
    return false;
  }

  /** After a member: whether another follows. The comma or the closing sign is taken. */
  #continues(close: number): boolean {
    this.#skipSpace();
    const next = this.#text.charCodeAt(this.#at);
    if (next !== COMMA && next !== close) throw this.#fault(`A comma or '${String.fromCharCode(close)}' is missing`);
    this.#at++;
    if (next === close) return false;
    this.#skipSpace();
    return true;
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
    const text = this.#text;
    const start = this.#at + 1;
    let escaped = false;
    for (let i = start; i < text.length; i++) {
      const sign = text.charCodeAt(i);
      if (sign === QUOTE) {
        this.#at = i + 1;
        const raw = text.slice(start, i);
        return escaped ? this.#unescape(raw, start) : raw;
      }
      if (sign === BACKSLASH) {
        escaped = true;
        i++;
      } else if (sign < 0x20) {
        throw this.#fault("A string holds a line break or control character", undefined, i);
      }
    }
    throw this.#fault("A string has no end");
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
    for (;;) {
      const sign = this.#text.charCodeAt(this.#at);
      if (sign !== 0x20 && sign !== 0x0a && sign !== 0x09 && sign !== 0x0d) return;
      this.#at++;
    }
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
