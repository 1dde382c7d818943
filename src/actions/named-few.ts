/** A list within a hint: some are named, the rest is counted. */

const FEW = 8;

/**
 * Each on a line of its own. A name from the repository may hold a line break, which would begin a line of ours.
 * @param most how many are named
 */
export function namedFew(names: readonly string[], most = FEW): string[] {
  const more = names.length - most;
  const shown = names.slice(0, most).map((name) => name.replace(/[\n\r\u2028\u2029]/g, " "));
  return more > 0 ? [...shown, `and ${more} more`] : shown;
}
