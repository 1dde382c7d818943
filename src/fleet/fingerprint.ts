/** A PGP fingerprint as documents and policies are compared by it: upper case, without blanks. */
export function fingerprintId(text: string): string {
  return text.replace(/\s+/g, "").toUpperCase();
}

/** Whether a text can be one: a short or long key id, or a fingerprint of version 4 to 6. */
export function isFingerprint(text: string): boolean {
  return /^(0X)?([0-9A-F]{8}|[0-9A-F]{16}|[0-9A-F]{40}|[0-9A-F]{64})$/.test(fingerprintId(text));
}
