/** The lines on top of a text that say why it cannot be saved yet. They are ours, and are taken off again. */
import type { SecretsError } from "../../errors.ts";
import { formatLocation } from "../report/error.ts";
import { escapeText } from "./escape.ts";

export type CommentSign = "#" | ";" | "//";

export interface Header {
  /** Without line breaks. */
  readonly lines: readonly string[];
  /** What every line begins with, and no line of the text below. */
  readonly mark: string;
}

export const NO_HEADER: Header = { lines: [], mark: "" };

/** @param text what the header will stand on */
export function headerFor(error: SecretsError, sign: CommentSign, text: Uint8Array): Header {
  let mark = `${sign}!!`;
  while (Buffer.from(text).includes(mark)) mark += "!";
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
  return { lines: texts.map((each) => `${mark} ${escapeText(each)}`), mark };
}

export function putHeader(text: Uint8Array, header: Header): Uint8Array {
  return Buffer.concat([Buffer.from(header.lines.map((line) => `${line}\n`).join("")), text]);
}

/**
 * The text without what is left of the header on top. By the mark, not by the words: a replacement in the whole text
 * changes those too.
 */
export function takeHeader(bytes: Uint8Array, { lines, mark }: Header): Uint8Array {
  let start = 0;
  for (const _ of lines) {
    if (Buffer.compare(bytes.subarray(start, start + mark.length), Buffer.from(mark)) !== 0) break;
    const end = bytes.indexOf(0x0a, start);
    start = end === -1 ? bytes.length : end + 1;
  }
  return bytes.subarray(start);
}
