/**
 * What an unquoted YAML scalar means. These are the rules of go-yaml 3.0.4, the library that sops reads with: YAML 1.2
 * core plus some of 1.1. They decide the `type:` and the hashed text of every value, so a rule that differs by one case
 * from sops would break the MAC of files that hold that case.
 */
import type { ScalarValue } from "../../tree.ts";
import { parseTimestamp } from "./timestamp.ts";

const WORDS = new Map<string, ScalarValue>();
const NULL: ScalarValue = { type: "null" };
for (const word of ["", "~", "null", "Null", "NULL"]) WORDS.set(word, NULL);
for (const word of ["true", "True", "TRUE"]) WORDS.set(word, { type: "bool", value: true });
for (const word of ["false", "False", "FALSE"]) WORDS.set(word, { type: "bool", value: false });
for (const word of [".nan", ".NaN", ".NAN"]) WORDS.set(word, { type: "float", value: Number.NaN });
for (const word of [".inf", ".Inf", ".INF"]) {
  WORDS.set(word, { type: "float", value: Number.POSITIVE_INFINITY });
  WORDS.set(`+${word}`, { type: "float", value: Number.POSITIVE_INFINITY });
  WORDS.set(`-${word}`, { type: "float", value: Number.NEGATIVE_INFINITY });
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))$/;
/** `0b+1` and `0o-7`: a sign behind the prefix. An accident of the Go code that reads them, and therefore a number. */
const SIGN_AFTER_PREFIX = /^0(?:b([-+])([01]+)|o([-+])([0-7]+))$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
/** Behind a leading dot underscores count only between digits. */
const DOT_FLOAT = /^\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?$/;

/**
 * The value of a plain (unquoted, untagged) scalar; everything that is nothing else is a string.
 * Returns undefined for an integer from 2^63 up to 2^64 − 1: go-yaml reads it, sops cannot store it.
 */
export function resolvePlain(text: string): ScalarValue | undefined {
  const first = text.charCodeAt(0);
  // The first character decides, as in go-yaml: sign, digit, dot, or a letter that begins one of the words.
  if (first === 0x2b || first === 0x2d || (first >= 0x30 && first <= 0x39)) {
    return WORDS.get(text) ?? resolveNumber(text);
  }
  if (first === 0x2e) {
    return (
      WORDS.get(text) ??
      (DOT_FLOAT.test(text) ? toFloat(text.replaceAll("_", "")) : undefined) ?? { type: "str", value: text }
    );
  }
  if (text.length > 5) return { type: "str", value: text };
  return WORDS.get(text) ?? { type: "str", value: text };
}

function resolveNumber(text: string): ScalarValue | undefined {
  const time = parseTimestamp(text);
  if (time !== undefined) return { type: "time", value: time };
  const plain = text.includes("_") ? text.replaceAll("_", "") : text;
  const integer = parseInteger(plain);
  if (integer !== undefined) {
    if (integer >= INT64_MIN && integer <= INT64_MAX) return { type: "int", value: integer };
    // A sign keeps Go from trying the unsigned reading.
    if (integer > 0n && integer <= UINT64_MAX && !plain.startsWith("+")) return undefined;
  }
  if (FLOAT.test(plain)) {
    const float = toFloat(plain);
    if (float !== undefined) return float;
  }
  const odd = SIGN_AFTER_PREFIX.exec(plain);
  if (odd !== null) {
    const value = BigInt(odd[2] === undefined ? `0o${odd[4]}` : `0b${odd[2]}`);
    const signed = (odd[1] ?? odd[3]) === "-" ? -value : value;
    if (signed >= INT64_MIN && signed <= INT64_MAX) return { type: "int", value: signed };
  }
  return { type: "str", value: text };
}

function parseInteger(text: string): bigint | undefined {
  // Longer text cannot be an integer of 64 bits unless it is padded with zeros; the bound keeps BigInt cheap.
  const match = text.length > 512 ? null : INTEGER.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, bin, oct, oldOct, dec] = match;
  const octal = oct ?? oldOct;
  const digits =
    hex !== undefined ? `0x${hex}` : bin !== undefined ? `0b${bin}` : octal !== undefined ? `0o${octal}` : dec;
  const value = BigInt(digits ?? "0");
  return sign === "-" ? -value : value;
}

/** Go refuses a float that overflows, which leaves the text a string. */
function toFloat(text: string): ScalarValue | undefined {
  const value = Number(text);
  return Number.isFinite(value) ? { type: "float", value } : undefined;
}
