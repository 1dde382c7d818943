/** Names as Nix spells them. */

/** Words that are no names. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  "if",
  "then",
  "else",
  "assert",
  "with",
  "let",
  "in",
  "rec",
  "inherit",
]);

/** A name as an attribute: quoted if it has to be. */
export function nixAttribute(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_'-]*$/.test(name) && !KEYWORDS.has(name) ? name : nixString(name);
}

/** A text as a string of Nix that is the same whatever happens. */
export function nixString(text: string): string {
  return `"${text.replace(/["\\]|\$(?=\{)/g, "\\$&")}"`;
}
