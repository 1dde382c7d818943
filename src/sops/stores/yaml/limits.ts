/** What a YAML text may ask of the reader, checked before anything reads it. */
import { yamlFault } from "./fault.ts";

/** Blocks and flow collections within each other. Real files have six levels; the YAML library dies of thousands. */
export const MAX_NESTING = 64;

/** In UTF-16 units. sops itself becomes unusable long before. */
const MAX_LENGTH = 64 * 1024 * 1024;

/** All there is in most documents. To look for this costs a third of looking for what is suspect. */
const BEYOND_PLAIN = /[^\n\x20-\x7e]/;
/** Anything that is not printable text in the eyes of go-yaml, or a line break to it alone, or half a character. */
const SUSPECT = /[\0-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)/;
const FORBIDDEN =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/** Line breaks to go-yaml, ordinary characters to YAML 1.2: the two would read different values. */
const OTHER_BREAK = /[\x85\u2028\u2029]|\r(?!\n)/;

/** Refuses text that is too long or has characters that YAML does not allow or that readers disagree about. */
export function checkCharacters(text: string): void {
  if (text.length > MAX_LENGTH) {
    throw yamlFault("E_YAML_SIZE", "The YAML text is larger than 64 MiB.", text, 0, "Split the file.");
  }
  if (!BEYOND_PLAIN.test(text)) return;
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (!SUSPECT.test(body)) return;
  const forbidden = text.search(FORBIDDEN);
  if (forbidden !== -1) {
    const message = "The YAML text has a control character or half a character, which YAML does not allow.";
    throw yamlFault(
      "E_YAML_CHARACTER",
      message,
      text,
      forbidden,
      "Write it as an escape in double quotes, such as \\x07.",
    );
  }
  const lineBreak = text.search(OTHER_BREAK);
  if (lineBreak !== -1) {
    const message = "The YAML text has a line separator that sops takes for a line break and other readers do not.";
    throw yamlFault(
      "E_YAML_CHARACTER",
      message,
      text,
      lineBreak,
      "Write it as an escape in double quotes: \\r, \\N, \\L or \\P.",
    );
  }
}
