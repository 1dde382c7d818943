/**
 * The page that YAML is written on: text plus the little state that decides where a line break or a blank goes. The
 * rule for line breaks is go-yaml's: a new line is begun unless the line holds nothing but indentation and signs
 * (`- `, `? `, `: `) and is still short enough. That one rule makes `- a: 1`, `- - x` and `:   a: 1` come out right.
 */
const BREAKS = /\r\n|[\n\r\x85\u2028\u2029]/;
const UNREADABLE = /[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]/g;
const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/;

export class Sheet {
  text = "";
  private column: number;
  /** So far the line holds only indentation and signs. */
  private blank: boolean;
  /** The last character was a blank, or the line is new. */
  private spaced: boolean;

  /**
   * A sheet that goes on where `column` characters of indentation stand already; or, without a column, behind other
   * text of the same line (a key and its colon).
   */
  constructor(column?: number) {
    this.column = column ?? Number.MAX_SAFE_INTEGER;
    this.blank = column !== undefined;
    this.spaced = this.blank;
  }

  /** Goes to the column, on a new line if this one holds something. */
  indent(column: number): void {
    if (!this.blank || this.column > column || (this.column === column && !this.spaced)) this.breakLine();
    if (this.column < column) {
      this.text += " ".repeat(column - this.column);
      this.column = column;
    }
    this.spaced = true;
  }

  /** One of `-`, `?` and `:` before a block; a block behind it may begin on the same line. */
  sign(sign: string): void {
    this.put(this.spaced ? sign : ` ${sign}`);
  }

  /** Text behind what stands there, after a blank. */
  word(word: string): void {
    this.put(this.spaced ? word : ` ${word}`);
    this.blank = false;
  }

  /** Text directly behind what stands there. */
  glue(text: string): void {
    this.put(text);
    this.blank = false;
  }

  /** A comment to the end of the line; further lines of it go below at `column`. */
  comment(text: string, column: number): void {
    const lines = text.split(BREAKS);
    for (const [index, line] of lines.entries()) {
      if (index > 0) this.indent(column);
      this.word(`#${PAIRS.test(line) ? line : line.replace(UNREADABLE, "\uFFFD")}`);
      this.breakLine();
    }
  }

  breakLine(): void {
    this.text += "\n";
    this.column = 0;
    this.blank = true;
    this.spaced = true;
  }

  /** Ends the last line if it is not ended. */
  finish(): string {
    if (!this.blank) this.breakLine();
    return this.text;
  }

  private put(text: string): void {
    this.text += text;
    this.column += text.length;
    this.spaced = false;
  }
}
