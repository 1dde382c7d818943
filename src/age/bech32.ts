/**
 * Bech32 (BIP-173) without its limit of 90 characters, which age does not have: the spelling of age recipients and
 * identities. The *last* `1` separates the human-readable part from the data.
 */

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM_LENGTH = 6;

/** Lower-case bech32 of `bytes` under the lower-case human-readable part `prefix`. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const words = toWords(bytes);
  const sum = polymod([...expandPrefix(prefix), ...words, 0, 0, 0, 0, 0, 0]) ^ 1;
  let text = `${prefix}1`;
  for (const word of words) text += ALPHABET.charAt(word);
  for (let i = 0; i < CHECKSUM_LENGTH; i++) text += ALPHABET.charAt((sum >>> (5 * (5 - i))) & 31);
  return text;
}

/**
 * Prefix (in the case it was written) and bytes, or null for any text that is not bech32: mixed case, a character
 * outside the alphabet, a wrong checksum, left-over bits. The reason is not told because the text may be a secret.
 */
export function decodeBech32(text: string): { readonly prefix: string; readonly bytes: Uint8Array } | null {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return null;
  const separator = lower.lastIndexOf("1");
  if (separator < 1 || separator + 1 + CHECKSUM_LENGTH > lower.length) return null;
  if (!/^[\x21-\x7e]+$/.test(text)) return null;
  const words: number[] = [];
  for (let i = separator + 1; i < lower.length; i++) {
    const word = ALPHABET.indexOf(lower.charAt(i));
    if (word === -1) return null;
    words.push(word);
  }
  if (polymod([...expandPrefix(lower.slice(0, separator)), ...words]) !== 1) return null;
  const bytes = fromWords(words.slice(0, -CHECKSUM_LENGTH));
  return bytes === null ? null : { prefix: text.slice(0, separator), bytes };
}

function expandPrefix(prefix: string): number[] {
  const codes = Array.from(prefix, (c) => c.charCodeAt(0));
  return [...codes.map((c) => c >> 5), 0, ...codes.map((c) => c & 31)];
}

function polymod(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (let i = 0; i < GENERATOR.length; i++) if ((top >>> i) & 1) sum ^= GENERATOR[i] ?? 0;
  }
  return sum >>> 0;
}

/** 8-bit bytes to 5-bit words, the last one filled up with zero bits. */
function toWords(bytes: Uint8Array): number[] {
  const words: number[] = [];
  let bits = 0;
  let buffer = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; ) {
      bits -= 5;
      words.push((buffer >>> bits) & 31);
    }
  }
  if (bits > 0) words.push((buffer << (5 - bits)) & 31);
  return words;
}

/** 5-bit words to bytes, or null if what is left over is a whole word or is not zero. */
function fromWords(words: readonly number[]): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((words.length * 5) / 8));
  let length = 0;
  let bits = 0;
  let buffer = 0;
  for (const word of words) {
    buffer = ((buffer << 5) | word) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = (buffer >>> bits) & 0xff;
    }
  }
  return bits >= 5 || (buffer & ((1 << bits) - 1)) !== 0 ? null : bytes;
}
