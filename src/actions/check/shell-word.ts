/** A name from the repository as one word of a command that a person may paste: quoted unless it is harmless. */
export function shellWord(text: string): string {
  if (/^[A-Za-z0-9_./@%+=:,][A-Za-z0-9_./@%+=:,-]*$/.test(text)) return text;
  return `'${text.startsWith("-") ? "./" : ""}${text.replaceAll("'", "'\\''")}'`;
}
