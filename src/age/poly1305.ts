/**
 * Poly1305 (RFC 8439 section 2.5). Node offers it only inside its AEAD, whose padding OpenSSH key files do not have, and
 * which is slow to set up for a message of a few bytes.
 *
 * Numbers mod 2^130 − 5 are six limbs of 22 bits. Products and their sums stay below 2^53, so that they are exact as
 * JavaScript numbers, and no branch and no index depends on them.
 */

const LIMBS = 6;
const LIMB = 2 ** 22;
/** 2^132 mod 2^130 − 5: what comes out at the top comes in again at the bottom, this many times. */
const FOLD = 20;
/** Bits of the highest limb that are below 2^130. */
const TOP = 2 ** 20;

/** 16-byte tag of a message under a 32-byte key, which must never tag another message. */
export function poly1305(key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(20);
  const r = new Float64Array(LIMBS);
  fillBlock(block, key, 0, 16);
  for (const i of [3, 7, 11, 15]) block[i] = at(block, i) & 15;
  for (const i of [4, 8, 12]) block[i] = at(block, i) & 252;
  addLimbs(r, block);
  const sum = new Float64Array(LIMBS);
  const product = new Float64Array(LIMBS);
  for (let offset = 0; offset < message.length; offset += 16) {
    const length = Math.min(16, message.length - offset);
    fillBlock(block, message, offset, length);
    block[length] = 1;
    addLimbs(sum, block);
    multiply(sum, r, product);
  }
  reduce(sum);
  fillBlock(block, key, 16, 16);
  addLimbs(sum, block);
  carry(sum);
  const tag = bytesOf(sum);
  for (const secret of [r, sum, product, block]) secret.fill(0);
  return tag;
}

function fillBlock(block: Uint8Array, bytes: Uint8Array, offset: number, length: number): void {
  for (let i = 0; i < 20; i++) block[i] = i < length ? at(bytes, offset + i) : 0;
}

/** Adds a little-endian number. `block` is 20 bytes, of which the last three are zeros, so that four can be read anywhere. */
function addLimbs(limbs: Float64Array, block: Uint8Array): void {
  for (let i = 0; i < LIMBS; i++) {
    const k = (22 * i) >> 3;
    const bits = at(block, k) | (at(block, k + 1) << 8) | (at(block, k + 2) << 16) | (at(block, k + 3) << 24);
    limbs[i] = at(limbs, i) + ((bits >>> ((22 * i) & 7)) & (LIMB - 1));
  }
}

/** `a *= b`; `product` is room to work in. */
function multiply(a: Float64Array, b: Float64Array, product: Float64Array): void {
  for (let i = 0; i < LIMBS; i++) {
    let low = 0;
    let high = 0;
    for (let j = 0; j <= i; j++) low += at(a, j) * at(b, i - j);
    for (let j = i + 1; j < LIMBS; j++) high += at(a, j) * at(b, LIMBS + i - j);
    product[i] = low + FOLD * high;
  }
  a.set(product);
  fold(a, FOLD, carry(a));
}

/** Takes in at the bottom what came out at the top, and leaves every limb but the second below 2^22. */
function fold(limbs: Float64Array, times: number, rest: number): void {
  const value = at(limbs, 0) + times * rest;
  const next = Math.floor(value / LIMB);
  limbs[0] = value - next * LIMB;
  limbs[1] = at(limbs, 1) + next;
}

/** Brings every limb below 2^22 and returns what is left over at the top. */
function carry(limbs: Float64Array): number {
  let rest = 0;
  for (let i = 0; i < LIMBS; i++) {
    const value = at(limbs, i) + rest;
    rest = Math.floor(value / LIMB);
    limbs[i] = value - rest * LIMB;
  }
  return rest;
}

/** The one number below 2^130 − 5 that it stands for. */
function reduce(limbs: Float64Array): void {
  // Twice: the first may carry into the top once more.
  for (let i = 0; i < 2; i++) {
    fold(limbs, FOLD, carry(limbs));
    const over = Math.floor(at(limbs, LIMBS - 1) / TOP);
    limbs[LIMBS - 1] = at(limbs, LIMBS - 1) - over * TOP;
    fold(limbs, 5, over);
  }
  carry(limbs);
  // Now below 2^130: five more reach it exactly if the number is not yet below 2^130 − 5.
  const plusFive = limbs.slice();
  plusFive[0] = at(plusFive, 0) + 5;
  carry(plusFive);
  const reached = Math.floor(at(plusFive, LIMBS - 1) / TOP);
  plusFive[LIMBS - 1] = at(plusFive, LIMBS - 1) - reached * TOP;
  for (let i = 0; i < LIMBS; i++) limbs[i] = at(limbs, i) * (1 - reached) + at(plusFive, i) * reached;
  plusFive.fill(0);
}

/** The lowest 16 bytes, little-endian. */
function bytesOf(limbs: Float64Array): Uint8Array {
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 16; i++) {
    const limb = Math.floor((8 * i) / 22);
    const shift = (8 * i) % 22;
    bytes[i] = (at(limbs, limb) >>> shift) | (at(limbs, limb + 1) << (22 - shift));
  }
  return bytes;
}

function at(numbers: Float64Array | Uint8Array, index: number): number {
  return numbers[index] as number;
}
