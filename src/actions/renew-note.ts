/** What a removed reader has seen is known to them: only another value mends that. */
import { shellWord } from "./check/shell-word.ts";

/** Addresses that fit into one command. */
const NAMED = 3;

/** @param by who could read them, where all that they ever read is meant: a name, or a key */
export function renewNote(exposed: readonly string[], by?: string): string {
  const count = exposed.length;
  const what =
    count === 1
      ? "1 value could be read before and is still the same"
      : `${count} values could be read before and are still the same`;
  if (by !== undefined) return `${what}: secrets renew --readable-by ${shellWord(by)}`;
  const named = count <= NAMED ? exposed.map(shellWord).join(" ") : "ADDRESS…";
  return `${what}: secrets renew ${named}`;
}
