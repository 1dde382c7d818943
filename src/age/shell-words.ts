/**
 * Splits a command line into words as sops does (the rules of google/shlex, which are a shell's without its
 * expansions): blanks separate, quotes and backslash protect, `#` at the start of a word begins a comment. No shell
 * ever sees the text. Null for an unfinished quote or a backslash at the end.
 */
export function splitShellWords(line: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const c = line.charAt(i);
    if (c === "\\" && quote !== "'") {
      if (++i === line.length) return null;
      word = (word ?? "") + line.charAt(i);
    } else if (quote !== "") {
      if (c === quote) quote = "";
      else word += c;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= "";
    } else if (/[ \t\r\n]/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (c === "#" && word === null) {
      const end = line.indexOf("\n", i);
      i = end === -1 ? line.length : end;
    } else {
      word = (word ?? "") + c;
    }
  }
  if (quote !== "") return null;
  return word === null ? words : [...words, word];
}
