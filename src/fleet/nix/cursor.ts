/** A place in the text of a Nix file, and the tokens that can stand there. */
import { SecretsError } from "../../errors.ts";
import { KEYWORDS } from "./attribute-name.ts";

/** Deeper than people nest, and far from the end of the stack. */
const DEEPEST = 400;

const TRIVIA = /(?:[ \t\r\n]+|#[^\r\n]*)+/y;
const IDENTIFIER = /[a-zA-Z_][a-zA-Z0-9_'-]*/y;

/** Tells where a file is no Nix by an offset: `parseNix` makes a line of it. */
export class NixCursor {
  readonly text: string;
  offset = 0;
  #depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Past blanks and comments. */
  skip(): void {
    for (;;) {
      this.match(TRIVIA);
      if (!this.text.startsWith("/*", this.offset)) return;
      const end = this.text.indexOf("*/", this.offset + 2);
      if (end < 0) throw this.fault("a comment is not closed");
      this.offset = end + 2;
    }
  }

  /** What a sticky expression matches here, and past it. */
  match(expression: RegExp): string | undefined {
    expression.lastIndex = this.offset;
    const [found] = expression.exec(this.text) ?? [];
    if (found !== undefined) this.offset += found.length;
    return found;
  }

  peek(expression: RegExp): string | undefined {
    expression.lastIndex = this.offset;
    return expression.exec(this.text)?.[0];
  }

  starts(token: string): boolean {
    return this.text.startsWith(token, this.offset);
  }

  /** Past a token, and blanks behind it. */
  take(token: string): boolean {
    if (!this.starts(token)) return false;
    this.offset += token.length;
    this.skip();
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) throw this.fault(`${token} is missing`);
  }

  /** The word here, keyword or name. */
  word(): string | undefined {
    return this.peek(IDENTIFIER);
  }

  name(): string | undefined {
    const word = this.word();
    if (word === undefined || KEYWORDS.has(word)) return undefined;
    this.offset += word.length;
    this.skip();
    return word;
  }

  keyword(word: string): boolean {
    return this.word() === word && this.take(word);
  }

  /** Runs with one level of nesting more. @throws SecretsError `E_NIX_NESTING` */
  deeper<T>(read: () => T): T {
    if (this.#depth >= DEEPEST) throw this.fault(`it is nested more than ${DEEPEST} levels deep`, "E_NIX_NESTING");
    this.#depth++;
    const result = read();
    this.#depth--;
    return result;
  }

  /** What stands at an offset, without going there for good. */
  ahead<T>(look: () => T): T {
    const { offset } = this;
    const seen = look();
    this.offset = offset;
    return seen;
  }

  fault(message: string, code: "E_NIX_SYNTAX" | "E_NIX_NESTING" = "E_NIX_SYNTAX"): SecretsError {
    const line = lineAt(lineStarts(this.text), this.offset);
    return new SecretsError(code, message, { location: { line } });
  }
}

/** The offsets at which lines begin. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** From 1. */
export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
