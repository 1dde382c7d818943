/**
 * A copy of a text that keeps nothing else alive. A substring refers to the text it was cut from, so ten thousand
 * dates would otherwise hold ten thousand documents in memory.
 */
export function detach(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
