/** The lines on top of a text that say why it cannot be saved yet. They are ours, and are taken off again. */
import type { SecretsError } from "../../errors.ts";
import { formatLocation } from "../report/error.ts";
import { escapeText } from "./escape.ts";

export type CommentSign = "#" | ";" | "//";

export interface Headed {
  readonly bytes: Uint8Array;
  /** How many lines were put on top. */
  readonly lines: number;
}

/** No format has a reason to begin a comment like this, and a person sees that it is no text of theirs. */
const MARK = "!!";

/** @param bytes the person's text, which follows as it is */
export function putHeader(bytes: Uint8Array, error: SecretsError, sign: CommentSign): Headed {
  const hints = error.hint?.split("\n") ?? [];
  const lines = 2 + hints.length;
  const { line, column, keyPath } = error.location ?? {};
  const place = formatLocation({
    // As the editor counts, with these lines on top.
    ...(line === undefined ? {} : { line: line + lines }),
    ...(column === undefined ? {} : { column }),
    ...(keyPath === undefined ? {} : { keyPath }),
  });
  const texts = [
    `this text cannot be saved: ${error.message}${place === "" ? "" : ` (${place})`}`,
    ...hints,
    "mend it and save; these lines go away. To give up, quit without a change.",
  ];
  const header = texts.map((text) => `${sign}${MARK} ${escapeText(text)}\n`).join("");
  return { bytes: Buffer.concat([Buffer.from(header), bytes]), lines };
}

/**
 * The text without the header, as far as the person left it there.
 * @param lines as many as were put on top; more are never taken off
 */
export function takeHeader(bytes: Uint8Array, lines: number, sign: CommentSign): Uint8Array {
  const mark = Buffer.from(`${sign}${MARK}`);
  let start = 0;
  for (let line = 0; line < lines; line++) {
    if (!mark.equals(bytes.subarray(start, start + mark.length))) break;
    const end = bytes.indexOf(0x0a, start);
    start = end === -1 ? bytes.length : end + 1;
  }
  return bytes.subarray(start);
}
