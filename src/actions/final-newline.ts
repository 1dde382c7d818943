/**
 * Editors end every file with a line break, and most values must not have one: a password with a newline at its end is
 * another password. A value keeps the ending that it had; a new value of one line has none, a longer one (a key, a
 * certificate) keeps what was saved.
 * @param before the value before the edit, undefined for a new one
 */
export function keepFinalNewline(before: Uint8Array | undefined, saved: Uint8Array): Uint8Array {
  if (saved.at(-1) !== NEWLINE) return saved;
  const withoutOne = saved.subarray(0, -1);
  if (before === undefined || before.length === 0) return withoutOne.includes(NEWLINE) ? saved : withoutOne;
  return before.at(-1) === NEWLINE ? saved : withoutOne;
}

const NEWLINE = 0x0a;
