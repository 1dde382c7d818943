/**
 * Base64 as the age format wants it (RFC 4648 section 4, no padding, canonical). Node's own decoder ignores what it
 * does not understand, so every text is encoded again and compared: two texts never mean the same bytes.
 */

/** Unpadded standard base64. */
export function encodeBase64(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  const padding = text.indexOf("=");
  return padding === -1 ? text : text.slice(0, padding);
}

/** The bytes of unpadded, canonical base64, or null for any other text. */
export function decodeBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, "base64");
  return encodeBase64(bytes) === text ? bytes : null;
}

/** The bytes of padded, canonical base64, or null for any other text. */
export function decodePaddedBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}
