/** Names of services, prompts and files: each becomes part of a path, of an address, and of a person's command line. */

/** Controls, halves of characters, line separators, and what turns the direction of a line; `#` and `\` mean something in an address. */
const FORBIDDEN = /[\\#\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
/** Bytes that a file system takes for one name, with room for what is written beside it. */
const MAX_PART = 200;
const MAX_FILE = 500;

/** Whether a name can be one component of a path, and of an address. */
export function isServiceName(name: string): boolean {
  return isPart(name) && !name.startsWith(".") && !name.includes("/");
}

/** A file's name may have slashes in it. */
export function isFileName(name: string): boolean {
  return name.length <= MAX_FILE && name.split("/").every(isPart);
}

/** What a file system of a Mac takes for the same name: a repository with two of these loses one of them there. */
export function foldName(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

function isPart(part: string): boolean {
  if (part === "" || part === "." || part === ".." || part.startsWith("-")) return false;
  return Buffer.byteLength(part) <= MAX_PART && !FORBIDDEN.test(part);
}
