/**
 * Makes text from a repository safe to show: names, key paths and comments are written by whoever can push, and a
 * terminal obeys what it reads. Control characters (C0, DEL, C1), the bidirectional overrides that make `evil.nix` read
 * as something else, line separators and lone surrogates become visible `\x1b`, `\u202e` forms.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

/** `text` in one line, with nothing in it that a terminal would act on. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
