/** What a removed reader has seen is known to them: only another value mends that. */
export function renewNote(count: number): string {
  return count === 1
    ? "1 value could be read before and is still the same: give it a new value where it is used, then secrets edit ADDRESS"
    : `${count} values could be read before and are still the same: give each a new value where it is used, then secrets edit ADDRESS`;
}
