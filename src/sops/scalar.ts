/**
 * Scalars as bytes: the one encoding that sops both encrypts and hashes (sops 3.13.3, `ToBytes` and the AES cipher).
 * A value that is read back and written again has to give the same bytes, or every MAC breaks.
 */
import type { ScalarValue } from "./tree.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** True when `value` fits the 64-bit signed integer that sops calls `int`. */
export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** What sops hashes and encrypts for a value. null has no bytes. */
export function scalarBytes(scalar: ScalarValue): Uint8Array {
  return scalar.type === "bytes" ? scalar.value : Buffer.from(scalarText(scalar), "utf8");
}

/** {@link scalarBytes} as text; of `bytes`, what a lenient decoder makes of them. */
export function scalarText(scalar: ScalarValue): string {
  switch (scalar.type) {
    case "str":
    case "time":
      return scalar.value;
    case "int":
      return scalar.value.toString();
    case "float":
      return plainDecimal(scalar.value);
    case "bool":
      return scalar.value ? "True" : "False";
    case "bytes":
      return Buffer.from(scalar.value).toString("utf8");
    case "null":
      return "";
  }
}

/**
 * The value behind decrypted bytes and the `type:` field.
 * @returns undefined when the bytes are not of that type, or the type is unknown; `comment` is not a scalar.
 */
export function scalarFromBytes(type: string, bytes: Uint8Array): ScalarValue | undefined {
  if (type === "str" || type === "bytes") return textOrBytes(bytes);
  const text = Buffer.from(bytes).toString("latin1");
  switch (type) {
    case "int":
      return intFrom(text);
    case "float":
      return floatFrom(text);
    case "bool":
      return boolFrom(text);
    case "time": {
      const value = normalizeTime(text);
      return value === undefined ? undefined : { type: "time", value };
    }
    default:
      return undefined;
  }
}

/** A string if the bytes are UTF-8, else the bytes themselves: only binary documents hold such. */
export function textOrBytes(bytes: Uint8Array): ScalarValue {
  try {
    return { type: "str", value: utf8.decode(bytes) };
  } catch {
    return { type: "bytes", value: bytes };
  }
}

/** Type and value alike; NaN equals itself, 0 and -0 differ as their bytes do. */
export function sameScalar(a: ScalarValue, b: ScalarValue): boolean {
  if (a.type !== b.type) return false;
  if (a.type === "bytes" && b.type === "bytes") return Buffer.compare(a.value, b.value) === 0;
  if (a.type === "null" || b.type === "null") return true;
  return Object.is(a.value, b.value);
}

/** Shortest decimal without exponent, as Go's `FormatFloat(v, 'f', -1, 64)`. */
function plainDecimal(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const e = text.indexOf("e");
  if (e === -1) return text;
  const sign = text.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = text.slice(sign.length, e).split(".");
  const digits = whole + fraction;
  const point = whole.length + Number(text.slice(e + 1));
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, "0");
}

function intFrom(text: string): ScalarValue | undefined {
  // 20 characters hold every 64-bit number; a longer run of digits is not worth the arithmetic.
  if (!/^[+-]?\d{1,40}$/.test(text)) return undefined;
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return fitsInt64(value) ? { type: "int", value } : undefined;
}

function floatFrom(text: string): ScalarValue | undefined {
  const named = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (named !== null) {
    if (named[2]?.toLowerCase() === "nan") return named[1] === "" ? { type: "float", value: Number.NaN } : undefined;
    return { type: "float", value: named[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY };
  }
  if (text.length > 2000 || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? { type: "float", value } : undefined;
}

function boolFrom(text: string): ScalarValue | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return { type: "bool", value: true };
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return { type: "bool", value: false };
  return undefined;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,30})?(Z|[+-]\d\d:\d\d)$/;

/**
 * RFC 3339 text in the one spelling that Go prints: no trailing zeros in the fraction, at most nanoseconds, `Z` for
 * a zero offset.
 * @returns undefined for text that is no such time.
 */
export function normalizeTime(text: string): string | undefined {
  const parts = RFC3339.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = parts.map((part) => part ?? "");
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > days) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (zone !== "Z" && (Number(zone.slice(1, 3)) > 23 || Number(zone.slice(4)) > 59)) return undefined;
  const digits = fraction.slice(0, 10).replace(/\.?0*$/, "");
  const offset = zone.endsWith("00:00") ? "Z" : zone;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${digits}${offset}`;
}

/** {@link normalizeTime} cut to whole seconds: how the date of a document enters its MAC. */
export function timeToSecond(text: string): string | undefined {
  return normalizeTime(text)?.replace(/\.\d+/, "");
}
