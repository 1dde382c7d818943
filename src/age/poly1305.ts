/** Poly1305 (RFC 8439 section 2.5). Node offers it only inside its AEAD, whose padding OpenSSH key files do not have. */

const P = 2n ** 130n - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

/** 16-byte tag of a message under a 32-byte one-time key. Not constant in time: for local files only. */
export function poly1305(key: Uint8Array, message: Uint8Array): Uint8Array {
  const r = readLittleEndian(key.subarray(0, 16)) & CLAMP;
  let sum = 0n;
  for (let i = 0; i < message.length; i += 16) {
    const block = message.subarray(i, i + 16);
    sum = ((sum + readLittleEndian(block) + (1n << BigInt(8 * block.length))) * r) % P;
  }
  const tag = (sum + readLittleEndian(key.subarray(16, 32))) & (2n ** 128n - 1n);
  return Buffer.from(tag.toString(16).padStart(32, "0"), "hex").reverse();
}

function readLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}
