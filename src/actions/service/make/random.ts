/** Random values: bytes as they are or written out, passwords, words. All of the system's generator, none biased. */
import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type { MadeFiles, MakerInput } from "../maker-input.ts";
import { numberOption, textOption, toFiles } from "./outputs.ts";

const ALPHABETS: Readonly<Record<string, string>> = {
  alphanumeric: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
  // None that a shell, an env file or a connection string reads as more than itself.
  symbols: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!*+,:",
  digits: "0123456789",
  lowercase: "abcdefghijklmnopqrstuvwxyz",
};

export async function makeRandom(input: MakerInput): Promise<MadeFiles> {
  const encoding = textOption(input, "encoding");
  if (encoding === "uuid") return toFiles(input, { value: randomUUID() });
  const bytes = randomBytes(numberOption(input, "bytes"));
  return toFiles(input, { value: encoding === "raw" ? bytes : bytes.toString(encoding as BufferEncoding) });
}

/** Without a newline: programs that read a password from a file take it for a part of it as often as not. */
export async function makePassword(input: MakerInput): Promise<MadeFiles> {
  const alphabet = ALPHABETS[textOption(input, "alphabet")] ?? "";
  const length = numberOption(input, "length");
  const characters = Array.from({ length }, () => alphabet[randomInt(alphabet.length)]);
  return toFiles(input, { value: characters.join("") });
}

export async function makePassphrase(input: MakerInput): Promise<MadeFiles> {
  return toFiles(input, { value: await drawWords(numberOption(input, "words"), textOption(input, "separator")) });
}

/** Words of BIP 39's English list of 2048: each is told from all others by its first four letters. */
export async function drawWords(count: number, separator: string): Promise<string> {
  const { wordlist } = await import("@scure/bip39/wordlists/english.js");
  return Array.from({ length: count }, () => wordlist[randomInt(wordlist.length)]).join(separator);
}
