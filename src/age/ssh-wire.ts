/** Reads the SSH wire encoding (RFC 4251 section 5). Every method returns null at the end of the bytes. */
export class SshReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint32(): number | null {
    if (this.#offset + 4 > this.#bytes.length) return null;
    const value = this.#bytes.readUInt32BE(this.#offset);
    this.#offset += 4;
    return value;
  }

  /** The next `length` bytes, a view. */
  take(length: number): Uint8Array | null {
    if (this.#offset + length > this.#bytes.length) return null;
    const bytes = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return bytes;
  }

  /** A length and that many bytes. */
  string(): Uint8Array | null {
    const length = this.uint32();
    return length === null ? null : this.take(length);
  }

  /** A string as Latin-1, for names that are compared. */
  text(): string | null {
    const bytes = this.string();
    return bytes === null ? null : Buffer.from(bytes).toString("latin1");
  }

  /** The magnitude of a positive `mpint` in its only spelling, without the zero that guards its sign. */
  integer(): Uint8Array | null {
    const bytes = this.string();
    const first = bytes?.[0];
    if (bytes === null || first === undefined || first >= 0x80) return null;
    if (first !== 0) return bytes;
    return (bytes[1] ?? 0) >= 0x80 ? bytes.subarray(1) : null;
  }

  /** What has not been read yet, a view. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset);
  }

  atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }
}
