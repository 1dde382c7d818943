/** The lines on top of a text that say why it cannot be saved yet. They are ours, and are taken off again. */
import type { SecretsError } from "../../errors.ts";
import { formatLocation } from "../report/error.ts";
import { escapeText } from "./escape.ts";

export type CommentSign = "#" | ";" | "//";

/** No format has a reason to begin a comment like this, and a person sees that it is no text of theirs. */
const MARK = "!!";

/** The lines that say it, without line breaks. */
export function headerFor(error: SecretsError, sign: CommentSign): readonly string[] {
  const hints = error.hint?.split("\n") ?? [];
  const { line, column, keyPath } = error.location ?? {};
  const place = formatLocation({
    // As the editor counts, with these lines on top.
    ...(line === undefined ? {} : { line: line + hints.length + 2 }),
    ...(column === undefined ? {} : { column }),
    ...(keyPath === undefined ? {} : { keyPath }),
  });
  const texts = [
    `this text cannot be saved: ${error.message}${place === "" ? "" : ` (${place})`}`,
    ...hints,
    "mend it and save; these lines go away. To give up, quit without a change.",
  ];
  return texts.map((text) => `${sign}${MARK} ${escapeText(text)}`);
}

export function putHeader(bytes: Uint8Array, header: readonly string[]): Uint8Array {
  return Buffer.concat([Buffer.from(header.map((line) => `${line}\n`).join("")), bytes]);
}

/** The text without the lines of the header that are still on top; a line of the person's own is never taken for one. */
export function takeHeader(bytes: Uint8Array, header: readonly string[]): Uint8Array {
  let start = 0;
  for (const line of header.map((text) => Buffer.from(`${text}\n`))) {
    if (line.equals(bytes.subarray(start, start + line.length))) start += line.length;
  }
  return bytes.subarray(start);
}
