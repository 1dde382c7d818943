/**
 * How a string is written: plain, single-quoted, double-quoted or as a literal block. The order of the decisions and
 * the escapes are those of go-yaml 3.0.4, so that what is written here is, byte for byte, what sops would have written.
 */
import { resolvePlain } from "./resolve.ts";

export type StringStyle = "plain" | "single" | "double" | "literal";

/** Words that YAML 1.1 takes for booleans; go-yaml reads them as strings and still quotes them for older readers. */
const OLD_BOOLEAN = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
/**
 * What must be escaped. Everything beyond U+FFFF is (go-yaml calls nothing printable there), and so are, unlike in
 * go-yaml, the separators U+2028 and U+2029: written raw they are line breaks to go-yaml and text to YAML 1.2 readers.
 */
const UNPRINTABLE = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]/;
const UNPRINTABLE_BUT_TAB = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]/;
const MUST_ESCAPE =
  /[\0-\x1f"\\\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g;
const STARTS_WITH_INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?:[ \t]|$)|---|\.\.\.)/;

/** The style in which a string is written where every style is possible. */
export function chooseStyle(text: string): StringStyle {
  if (text.includes("\n")) return fitsLiteral(text) ? "literal" : "double";
  if (!isPlainString(text)) return "double";
  if (UNPRINTABLE.test(text)) return "double";
  return fitsPlain(text) ? "plain" : "single";
}

/** Whether the text, written plain, would be read as a string and not as another type. */
function isPlainString(text: string): boolean {
  if (resolvePlain(text)?.type !== "str") return false;
  return !OLD_BOOLEAN.test(text) && !BASE_60.test(text);
}

function fitsPlain(text: string): boolean {
  if (text.startsWith(" ") || text.endsWith(" ")) return false;
  if (STARTS_WITH_INDICATOR.test(text)) return false;
  return !text.includes(": ") && !text.endsWith(":") && !text.includes(" #");
}

function fitsLiteral(text: string): boolean {
  return !text.endsWith(" ") && !text.includes(" \n") && !UNPRINTABLE_BUT_TAB.test(text);
}

/** Whether the text may stand in single quotes on one line. */
export function fitsSingleQuotes(text: string): boolean {
  return !text.includes("\n") && !UNPRINTABLE.test(text);
}

export function quoteSingle(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** In double quotes, on one line, whatever the text. A lone surrogate, which UTF-8 cannot carry, becomes U+FFFD. */
export function quoteDouble(text: string): string {
  // go-yaml looks for a byte order mark at the start of the text, for each character: then it escapes them all.
  const escaped = text.startsWith("\uFEFF")
    ? Array.from(text, escapeCharacter).join("")
    : text.replace(MUST_ESCAPE, escapeCharacter);
  return `"${escaped}"`;
}

const SHORT_ESCAPES = new Map([
  [0x00, "\\0"],
  [0x07, "\\a"],
  [0x08, "\\b"],
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0b, "\\v"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
  [0x1b, "\\e"],
  [0x22, '\\"'],
  [0x5c, "\\\\"],
  [0x85, "\\N"],
  [0xa0, "\\_"],
  [0x2028, "\\L"],
  [0x2029, "\\P"],
]);

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const short = SHORT_ESCAPES.get(code);
  if (short !== undefined) return short;
  if (code >= 0xd800 && code <= 0xdfff) return "\uFFFD";
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
