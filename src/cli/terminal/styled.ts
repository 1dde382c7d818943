/**
 * Text for people, as data: a tree of strings and styles. It becomes characters in one place, `render`, which escapes
 * every leaf; a command therefore cannot forget to escape a name that came from the repository, and cannot print a
 * colour that the person switched off.
 */
import { escapeText } from "./escape.ts";

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Style = keyof typeof CODES;

export type Styled = string | { readonly style: Style; readonly text: Styled } | readonly Styled[];

/** Wraps a piece of text in a style; nesting is allowed. */
export function style(name: Style, text: Styled): Styled {
  return { style: name, text };
}

/** The characters to write. Every leaf is escaped, so a line break can only be made by printing another line. */
export function render(text: Styled, colour: boolean): string {
  if (typeof text === "string") return escapeText(text);
  if ("style" in text) {
    const inner = render(text.text, colour);
    if (!colour) return inner;
    const [on, off] = CODES[text.style];
    return `\u001b[${on}m${inner}\u001b[${off}m`;
  }
  return text.map((part) => render(part, colour)).join("");
}

/** Columns that the text takes on a terminal. Wide East Asian characters and emoji count two, combining marks none. */
export function widthOf(text: Styled): number {
  let width = 0;
  for (const character of render(text, false)) width += characterWidth(character);
  return width;
}

const COMBINING = /^\p{Mark}$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Extended_Pictographic}/u;

function characterWidth(character: string): number {
  if (character < "\u0300") return 1;
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Cuts to `columns` with an ellipsis at the end; styles are lost only in what is cut. */
export function truncate(text: Styled, columns: number): Styled {
  if (widthOf(text) <= columns) return text;
  let room = Math.max(columns - 1, 0);
  const cut = (part: Styled): Styled => {
    if (typeof part === "string") {
      let kept = "";
      for (const character of escapeText(part)) {
        const width = characterWidth(character);
        if (width > room) {
          room = 0;
          break;
        }
        room -= width;
        kept += character;
      }
      return kept;
    }
    if ("style" in part) return { style: part.style, text: cut(part.text) };
    return part.map(cut);
  };
  return [cut(text), "…"];
}
