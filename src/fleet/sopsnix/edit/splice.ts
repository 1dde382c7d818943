/** Changes of a text by ranges, and the lines around a place. */

/** What stands from `start` to `end` gives way to `text`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Removed ranges may overlap each other, nothing else may.
 *
 * @throws RangeError for a new text within a range that is removed
 */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const ordered = splices.map((splice, index) => ({ ...splice, index }));
  ordered.sort((one, two) => one.start - two.start || one.end - two.end || one.index - two.index);
  let result = "";
  let done = 0;
  for (const { start, end, text: inserted } of ordered) {
    if (start < done && inserted !== "") throw new RangeError("changes overlap");
    if (start > done) result += text.slice(done, start);
    result += inserted;
    done = Math.max(done, end);
  }
  result += text.slice(done);
  // A last line without an end stays one, whichever line that is now.
  return text === "" || text.endsWith("\n") ? result : result.replace(/(\r?\n)+$/, "");
}

/** The offset of the first character of a line. */
export function startOfLine(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Behind the last character of a line, before its break. */
export function endOfLine(text: string, offset: number): number {
  const at = text.indexOf("\n", offset);
  if (at === -1) return text.length;
  return at > 0 && text[at - 1] === "\r" && at > offset ? at - 1 : at;
}

/** The first character of the next line, or the end of the text. */
export function nextLine(text: string, offset: number): number {
  const at = text.indexOf("\n", offset);
  return at === -1 ? text.length : at + 1;
}

/** The characters between the start of the line and a place on it. */
export function beforeOnLine(text: string, offset: number): string {
  return text.slice(startOfLine(text, offset), offset);
}

/** How the lines of a text are ended. */
export function lineBreakOf(text: string): "\n" | "\r\n" {
  const at = text.indexOf("\n");
  return at > 0 && text[at - 1] === "\r" ? "\r\n" : "\n";
}

/** Puts whole lines, without breaks, behind the line of a place. */
export function insertLines(text: string, offset: number, lines: readonly string[]): Splice {
  const eol = lineBreakOf(text);
  const at = nextLine(text, offset);
  const body = lines.join(eol);
  const ended = at === 0 || text[at - 1] === "\n";
  return { start: at, end: at, text: ended ? body + eol : eol + body };
}
