/**
 * The integrity code of a document: SHA-512 over the plain bytes of every value in document order, upper-case hex,
 * encrypted like a value with the document's date as additional data.
 *
 * It covers neither keys nor types, nor null, comments and empty values; that is the format's limit, not ours.
 */
import { createHash, type Hash } from "node:crypto";
import { type DataKey, openValue, sealValue } from "./cipher.ts";
import { scalarText, timeToSecond } from "./scalar.ts";
import type { ScalarValue } from "./tree.ts";

/** SHA-256 of the four letters `sops`: keeps the two ways of hashing apart. */
const ONLY_ENCRYPTED_SEED = createHash("sha256").update("sops").digest();

const LOW_SURROGATE = /^[\udc00-\udfff]/;
const FLUSH_LENGTH = 16_384;

export class MacHasher {
  readonly #hash: Hash;
  readonly #onlyEncrypted: boolean;
  /** Text not handed to the hash yet: a call into it costs more than the hashing of a short value. */
  #pending = "";

  constructor(onlyEncrypted: boolean) {
    this.#onlyEncrypted = onlyEncrypted;
    this.#hash = createHash("sha512");
    if (onlyEncrypted) this.#hash.update(ONLY_ENCRYPTED_SEED);
  }

  /** To be called for every value in document order; comments are never handed in (sops 3.13.3). */
  add(scalar: ScalarValue, encrypted: boolean): void {
    if (this.#onlyEncrypted && !encrypted) return;
    if (scalar.type === "bytes") {
      this.#flush();
      this.#hash.update(scalar.value);
    } else {
      const text = scalarText(scalar);
      // Half a surrogate pair must not meet its other half in the value before.
      if (LOW_SURROGATE.test(text)) this.#flush();
      this.#pending += text;
      if (this.#pending.length > FLUSH_LENGTH) this.#flush();
    }
  }

  digest(): string {
    this.#flush();
    return this.#hash.digest("hex").toUpperCase();
  }

  #flush(): void {
    this.#hash.update(this.#pending, "utf8");
    this.#pending = "";
  }
}

/** The digest that a stored `mac` holds; undefined when it is damaged or belongs to another date or key. */
export function openMac(mac: string, key: DataKey, lastModified: string): string | undefined {
  const opened = openValue(mac, key, macDate(lastModified));
  return opened?.type === "str" ? Buffer.from(opened.bytes).toString("utf8") : undefined;
}

export function sealMac(digest: string, key: DataKey, lastModified: string): string {
  return sealValue("str", Buffer.from(digest, "utf8"), key, macDate(lastModified));
}

/** sops parses the date and prints it again to the second before it authenticates it. */
function macDate(lastModified: string): string {
  return timeToSecond(lastModified) ?? lastModified;
}
