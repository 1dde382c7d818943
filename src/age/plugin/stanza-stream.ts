/** Stanzas on a pipe: how a plugin and its client talk (C2SP age-plugin spec). The same framing as in an age header. */
import { SecretsError } from "../../errors.ts";
import { decodeBase64, encodeBase64 } from "../base64.ts";
import type { Stanza } from "../header.ts";

const COLUMNS = 64;
/** A post-quantum stanza has about two thousand characters; a message for a person has fewer. */
const MAX_STANZA = 1024 * 1024;

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
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Null when nothing follows. @throws SecretsError `E_AGE_PLUGIN` for what is no stanza, or has no end */
  async next(): Promise<Stanza | null> {
    const head = await this.#line(true);
    if (head === null) return null;
    const args = head.startsWith("-> ") ? head.slice(3).split(" ") : [];
    if (args.length === 0 || !args.every((arg) => /^[\x21-\x7e]+$/.test(arg))) throw garbled();
    const body: string[] = [];
    let size = head.length;
    for (;;) {
      const line = (await this.#line(false)) ?? "";
      body.push(line);
      size += line.length;
      if (line.length < COLUMNS) break;
      if (line.length > COLUMNS || size > MAX_STANZA) throw garbled();
    }
    const bytes = decodeBase64(body.join(""));
    if (bytes === null) throw garbled();
    return { args, body: bytes };
  }

  async #line(first: boolean): Promise<string | null> {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) {
        const line = this.#rest.toString("latin1", 0, end);
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      if (this.#rest.length > MAX_STANZA) throw garbled();
      const { done, value } = await this.#chunks.next();
      if (done !== true) this.#rest = Buffer.concat([this.#rest, value]);
      else if (first && this.#rest.length === 0) return null;
      else throw garbled();
    }
  }
}

function garbled(): SecretsError {
  return new SecretsError("E_AGE_PLUGIN", "it does not speak the protocol of age plugins");
}
