/**
 * Shamir's secret sharing over GF(2^8) as sops does it for documents with several key groups: the field of AES, one
 * random polynomial for each byte of the secret, shares of the evaluations followed by their x coordinate 1…n.
 *
 * Multiplication goes bit by bit without tables or branches on secret bits, so that timing tells nothing.
 */
import { randomBytes } from "node:crypto";
import { SecretsError } from "../errors.ts";

/**
 * @param threshold how many shares give the secret back, 2…count.
 * @throws SecretsError `E_SHAMIR` for a threshold or count out of range.
 */
export function splitSecret(secret: Uint8Array, count: number, threshold: number): Uint8Array[] {
  if (!Number.isInteger(threshold) || threshold < 2 || count < threshold || count > 255) {
    throw new SecretsError("E_SHAMIR", `A threshold of ${threshold} does not fit ${count} key groups.`, {
      hint: "Set shamir_threshold between 2 and the number of key groups.",
    });
  }
  const shares = Array.from({ length: count }, (_, i) => {
    const share = new Uint8Array(secret.length + 1);
    share[secret.length] = i + 1;
    return share;
  });
  for (const [position, byte] of secret.entries()) {
    const higher = randomBytes(threshold - 1);
    for (const [i, share] of shares.entries()) share[position] = evaluate(byte, higher, i + 1);
  }
  return shares;
}

/**
 * The secret behind at least two shares. Too few shares give a wrong secret, not an error: nothing in them tells.
 * @throws SecretsError `E_SHAMIR` for shares that cannot belong together.
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array {
  const length = shares[0]?.length ?? 0;
  const xs = shares.map((share) => share[length - 1] ?? 0);
  const fits = shares.length >= 2 && length >= 2 && shares.every((share) => share.length === length);
  if (!fits || new Set(xs).size !== xs.length) {
    throw new SecretsError("E_SHAMIR", "The shares of the data key do not belong together.", {
      hint: "The metadata of the document is damaged; restore it from git history.",
    });
  }
  const weights = xs.map((x, i) => lagrangeWeight(xs, x, i));
  const secret = new Uint8Array(length - 1);
  for (let position = 0; position < secret.length; position++) {
    let sum = 0;
    for (const [i, share] of shares.entries()) sum ^= multiply(share[position] ?? 0, weights[i] ?? 0);
    secret[position] = sum;
  }
  return secret;
}

/** Value at 0 of the polynomial that is 1 at `x` and 0 at the other coordinates. */
function lagrangeWeight(xs: readonly number[], x: number, own: number): number {
  let weight = 1;
  for (const [i, other] of xs.entries()) {
    if (i !== own) weight = multiply(weight, multiply(other, invert(x ^ other)));
  }
  return weight;
}

/** Horner's rule; `higher` holds the coefficients from the first power up. */
function evaluate(intercept: number, higher: Uint8Array, x: number): number {
  let value = 0;
  for (let i = higher.length - 1; i >= 0; i--) value = multiply(value ^ (higher[i] ?? 0), x);
  return value ^ intercept;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    const doubled = ((product << 1) ^ (-(product >> 7) & 0x11b)) & 0xff;
    product = doubled ^ (-((b >> bit) & 1) & a);
  }
  return product;
}

/** a^254: the group of non-zero elements has 255 members. */
function invert(a: number): number {
  let result = 1;
  let power = a;
  for (let i = 0; i < 7; i++) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}
