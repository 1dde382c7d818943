/** Stanzas on a pipe: how a plugin and its client talk (C2SP age-plugin spec). The same framing as in an age header. */
import { SecretsError } from "../../errors.ts";
import { decodeBase64, encodeBase64 } from "../base64.ts";
import type { Stanza } from "../header.ts";

const COLUMNS = 64;
const NEWLINE = 0x0a;
/** A post-quantum stanza has about two thousand characters; a message for a person has fewer. */
const MAX_STANZA = 1024 * 1024;
/** Of one session: a thousand file keys, each with a large stanza, are a tenth of it. */
const MAX_SESSION = 64 * 1024 * 1024;

export function formatStanza(args: readonly string[], body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = encodeBase64(body);
  const lines: string[] = text.match(/.{1,64}/g) ?? [];
  // A body ends with a line that is shorter than a full one, even if that means an empty line.
  if (text.length % COLUMNS === 0) lines.push("");
  return Buffer.from(`-> ${args.join(" ")}\n${lines.join("\n")}\n`, "latin1");
}

/** Reads one stanza after the other from chunks that end anywhere. */
export class StanzaReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  /** The last chunk, as far as it was not read. */
  #rest: Uint8Array = new Uint8Array(0);
  #session = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Null when nothing follows. @throws SecretsError `E_AGE_PLUGIN` for what is no stanza, or has no end */
  async next(): Promise<Stanza | null> {
    const head = await this.#line(MAX_STANZA);
    if (head === null) return null;
    const args = head.startsWith("-> ") ? head.slice(3).split(" ") : [];
    if (args.length === 0 || !args.every((arg) => /^[\x21-\x7e]+$/.test(arg))) throw garbled();
    const body: string[] = [];
    let room = MAX_STANZA - head.length;
    for (;;) {
      const line = await this.#line(COLUMNS);
      if (line === null || room < 0) throw garbled();
      body.push(line);
      room -= line.length;
      if (line.length < COLUMNS) break;
    }
    const bytes = decodeBase64(body.join(""));
    if (bytes === null) throw garbled();
    return { args, body: bytes };
  }

  /** Null at the end of everything; the end inside of a line is a fault. */
  async #line(limit: number): Promise<string | null> {
    let line = "";
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE);
      const taken = end === -1 ? this.#rest : this.#rest.subarray(0, end);
      if (line.length + taken.length > limit) throw garbled();
      line += Buffer.from(taken.buffer, taken.byteOffset, taken.length).toString("latin1");
      if (end !== -1) {
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      const { done, value } = await this.#chunks.next();
      if (done === true && line === "") return null;
      if (done === true) throw garbled();
      this.#rest = value;
      this.#session += value.length;
      if (this.#session > MAX_SESSION) throw garbled();
    }
  }
}

function garbled(): SecretsError {
  return new SecretsError("E_AGE_PLUGIN", "it does not speak the protocol of age plugins");
}
