/** What a script printed, without what it was given or had made. */
import { opendirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** What is shorter is no secret, and would blot out half of every message. */
const SHORTEST = 4;
const MASK = "[hidden]";
/** Of what was printed, its end: characters. */
const LOOKED_THROUGH = 256 * 1024;
/** What a script may have made, and how many ways of writing it there may be; whoever makes more is not quoted. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 1000;
const MAX_SPELLINGS = 30_000;
/** Where `base64`, `openssl` and PEM, and where `xxd`, break what they print. */
const BASE64_LINES = [76, 64];
const HEX_LINE = 60;

type Values = ReadonlyMap<string, Uint8Array>;

/**
 * Masks what a script was given and what it made, in the ways in which programs print things: as it is, by the line, as
 * base64 or hex, in lines of those, in a URL, in JSON, and as bash quotes it.
 *
 * @param out files that the script may have made
 * @returns what masks a text; undefined where there is too much to be looked for: then nothing it printed is to be told
 */
export function openMask(
  { inputs, prompts }: { readonly inputs: Values; readonly prompts: Values },
  out: string,
): ((text: string) => string) | undefined {
  const made = readMade(out);
  if (made === undefined) return undefined;
  const spellings = new Set<string>();
  for (const value of [...inputs.values(), ...prompts.values(), ...made]) {
    for (const spelling of spell(Buffer.from(value))) if (spelling.length >= SHORTEST) spellings.add(spelling);
    if (spellings.size > MAX_SPELLINGS) return undefined;
  }
  // The longest first: a part of a value must not break up the whole.
  const ordered = [...spellings].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((masked, spelling) => masked.replaceAll(spelling, MASK), endOf(text));
}

/** Whole lines: of a value that was cut in two, the half that is left would not be known again. */
function endOf(text: string): string {
  if (text.length <= LOOKED_THROUGH) return text;
  const end = text.slice(-LOOKED_THROUGH);
  return end.slice(end.indexOf("\n") + 1 || end.length);
}

function* spell(value: Buffer): Generator<string> {
  const plain = value.toString("utf8");
  yield* encode(value);
  for (const part of new Set([plain, plain.trim(), ...plain.split(/\r?\n/).map((line) => line.trim())])) {
    if (part.length < SHORTEST) continue;
    yield part;
    yield* encode(Buffer.from(part, "utf8"));
    yield encodeURIComponent(part.toWellFormed());
    yield JSON.stringify(part).slice(1, -1);
    yield part.replaceAll("'", "'\\''");
  }
}

function* encode(bytes: Buffer): Generator<string> {
  const [base64, hex] = [bytes.toString("base64").replace(/=+$/, ""), bytes.toString("hex")];
  yield* [base64, bytes.toString("base64url"), hex, hex.toUpperCase()];
  for (const width of BASE64_LINES) yield* wrapped(base64, width);
  yield* wrapped(hex, HEX_LINE);
}

function* wrapped(text: string, width: number): Generator<string> {
  if (text.length <= width) return;
  for (let start = 0; start < text.length; start += width) yield text.slice(start, start + width);
}

/** Undefined where it is more than anybody makes, or cannot be read: then nobody can tell what is a value. */
function readMade(out: string): Uint8Array[] | undefined {
  const made: Uint8Array[] = [];
  const waiting = [out];
  let size = 0;
  let entries = 0;
  try {
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      const listing = opendirSync(folder);
      try {
        for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
          entries++;
          const path = join(folder, entry.name);
          if (entry.isDirectory()) waiting.push(path);
          else if (entry.isFile()) size += statSync(path).size;
          if (size > MAX_BYTES || entries > MAX_FILES) return undefined;
          if (entry.isFile()) made.push(readFileSync(path));
        }
      } finally {
        listing.closeSync();
      }
    }
    return made;
  } catch {
    return undefined;
  }
}
