/** The block function of ChaCha20 (RFC 8439 section 2.3). Additions, rotations and XOR only: its time tells nothing. */

/** "expand 32-byte k" in little-endian words. */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
const ROUND_PAIRS = 10;

/** Keystream block number `counter` under a key of 32 bytes and a nonce of 12. 64 bytes, the caller's to wipe. */
export function chacha20Block(key: Uint8Array, nonce: Uint8Array, counter: number): Uint8Array {
  const input = new Int32Array(16);
  input.set(CONSTANTS);
  for (let i = 0; i < 8; i++) input[4 + i] = readWord(key, 4 * i);
  input[12] = counter;
  for (let i = 0; i < 3; i++) input[13 + i] = readWord(nonce, 4 * i);
  const state = input.slice();
  for (let i = 0; i < ROUND_PAIRS; i++) {
    quarterRound(state, 0, 4, 8, 12);
    quarterRound(state, 1, 5, 9, 13);
    quarterRound(state, 2, 6, 10, 14);
    quarterRound(state, 3, 7, 11, 15);
    quarterRound(state, 0, 5, 10, 15);
    quarterRound(state, 1, 6, 11, 12);
    quarterRound(state, 2, 7, 8, 13);
    quarterRound(state, 3, 4, 9, 14);
  }
  const block = new Uint8Array(64);
  for (let i = 0; i < 16; i++) writeWord(block, 4 * i, at(state, i) + at(input, i));
  input.fill(0);
  state.fill(0);
  return block;
}

function quarterRound(state: Int32Array, a: number, b: number, c: number, d: number): void {
  mix(state, a, b, d, 16);
  mix(state, c, d, b, 12);
  mix(state, a, b, d, 8);
  mix(state, c, d, b, 7);
}

/** `x += y; z ^= x; z <<<= bits` */
function mix(state: Int32Array, x: number, y: number, z: number, bits: number): void {
  const sum = (at(state, x) + at(state, y)) | 0;
  const mixed = at(state, z) ^ sum;
  state[x] = sum;
  state[z] = (mixed << bits) | (mixed >>> (32 - bits));
}

function at(words: Int32Array, index: number): number {
  return words[index] as number;
}

function readWord(bytes: Uint8Array, offset: number): number {
  const byte = (i: number) => bytes[offset + i] as number;
  return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
}

function writeWord(bytes: Uint8Array, offset: number, word: number): void {
  for (let i = 0; i < 4; i++) bytes[offset + i] = word >>> (8 * i);
}
