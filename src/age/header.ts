/** The header of an age file (C2SP age spec, "Header"): who can open it, in stanzas, under a MAC by the file key. */
import { timingSafeEqual } from "node:crypto";
import { SecretsError } from "../errors.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { hkdfSha256, hmacSha256 } from "./hkdf.ts";

/** The file key wrapped for one recipient. `args[0]` is the stanza's type. */
export interface Stanza {
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

export interface Header {
  readonly stanzas: readonly Stanza[];
  readonly mac: Uint8Array;
  /** The whole header with its MAC and final newline; the payload follows. */
  readonly bytes: Uint8Array;
}

const VERSION = "age-encryption.org/v1";
const COLUMNS = 64;
const EMPTY = new Uint8Array(0);
const INFO = Buffer.from("header");
/** One header from a repository must not keep a run busy for long; the slowest kind of stanza takes about 3 ms. */
const MAX_STANZAS = 1000;
/** A space, 43 characters of base64 for 32 bytes, and a newline: what follows the `---` that the MAC ends with. */
const MAC_TAIL = 1 + 43 + 1;

/** A whole header over the stanzas, MACed with the file key. */
export function formatHeader(stanzas: readonly Stanza[], fileKey: Uint8Array): Uint8Array {
  let text = `${VERSION}\n`;
  for (const stanza of stanzas) {
    text += `-> ${stanza.args.join(" ")}\n`;
    const body = encodeBase64(stanza.body);
    for (let i = 0; i < body.length; i += COLUMNS) text += `${body.slice(i, i + COLUMNS)}\n`;
    // A body ends with a line that is shorter than a full one, even if that means an empty line.
    if (body.length % COLUMNS === 0) text += "\n";
  }
  text += "---";
  const mac = computeMac(fileKey, Buffer.from(text, "latin1"));
  return Buffer.from(`${text} ${encodeBase64(mac)}\n`, "latin1");
}

/**
 * Whether the file key made this header. A wrong answer means that the header was changed after it was written.
 *
 * @throws SecretsError `E_AGE_HMAC` if not
 */
export function verifyHeader(header: Header, fileKey: Uint8Array): void {
  const mac = computeMac(fileKey, header.bytes.subarray(0, header.bytes.length - MAC_TAIL));
  if (timingSafeEqual(mac, header.mac)) return;
  throw new SecretsError("E_AGE_HMAC", "The header of an age file was changed after it was written.", {
    hint: "Restore the file from git.",
  });
}

function computeMac(fileKey: Uint8Array, signed: Uint8Array): Uint8Array {
  const key = hkdfSha256(fileKey, EMPTY, INFO);
  try {
    return hmacSha256(key, signed);
  } finally {
    key.fill(0);
  }
}

/**
 * The header at the start of a binary age file. Strict: what is accepted here is formatted to the same bytes.
 *
 * @throws SecretsError `E_AGE_HEADER`
 */
export function parseHeader(file: Uint8Array): Header {
  const lines = new HeaderLines(file);
  if (lines.next() !== VERSION) throw headerError("does not start with the version line of age");
  const stanzas: Stanza[] = [];
  for (;;) {
    const line = lines.next();
    if (line.startsWith("-> ")) {
      if (stanzas.length === MAX_STANZAS) throw headerError(`names more than ${MAX_STANZAS} recipients`);
      stanzas.push(parseStanza(line, lines));
    } else if (line.startsWith("--- ")) {
      const mac = decodeBase64(line.slice(4));
      if (mac?.length !== 32) throw headerError("has a malformed MAC");
      if (stanzas.length === 0) throw headerError("names no recipient");
      return { stanzas, mac, bytes: file.subarray(0, lines.offset) };
    } else {
      throw headerError("has a line that is neither a stanza nor the MAC");
    }
  }
}

function parseStanza(line: string, lines: HeaderLines): Stanza {
  const args = line.slice(3).split(" ");
  if (!args.every((arg) => /^[\x21-\x7e]+$/.test(arg))) throw headerError("has a malformed stanza");
  const body: string[] = [];
  for (;;) {
    const column = lines.next();
    if (column.length > COLUMNS) throw headerError("has a stanza line that is too long");
    body.push(column);
    if (column.length < COLUMNS) break;
  }
  const bytes = decodeBase64(body.join(""));
  if (bytes === null) throw headerError("has a stanza that is not canonical base64");
  return { args, body: bytes };
}

/** One line after the other, without looking at the payload behind them. */
class HeaderLines {
  offset = 0;
  readonly #file: Buffer;

  constructor(file: Uint8Array) {
    this.#file = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  }

  next(): string {
    const end = this.#file.indexOf(0x0a, this.offset);
    if (end === -1) throw headerError("ends early");
    const line = this.#file.toString("latin1", this.offset, end);
    this.offset = end + 1;
    return line;
  }
}

/** For stanzas that are ours and broken, too. The reason is a predicate: "has a malformed …". */
export function headerError(reason: string): SecretsError {
  return new SecretsError("E_AGE_HEADER", `The header of an age file ${reason}.`, {
    hint: "The file is damaged or is no age file; restore it from git.",
  });
}
