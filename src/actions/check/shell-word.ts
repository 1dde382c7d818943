/** Control, format and separator characters: a screen shows them escaped, so the shell has to be told them escaped. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** A name from the repository as one word of a command that a person may paste: quoted unless it is harmless. */
export function shellWord(text: string): string {
  if (/^[A-Za-z0-9_./@%+=:,][A-Za-z0-9_./@%+=:,-]*$/.test(text)) return text;
  const safe = text.startsWith("-") ? `./${text}` : text;
  if (!INVISIBLE.test(safe)) return `'${safe.replaceAll("'", "'\\''")}'`;
  const bytes = [...Buffer.from(safe)].map((byte) => {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c;
    return plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `$'${bytes.join("")}'`;
}
