import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBech32, encodeBech32 } from "../../src/age/bech32.ts";

const prefix = fc.stringMatching(/^[a-z0-9+._-]{1,12}$/);
const bytes = fc.uint8Array({ maxLength: 1300 });

test("what is encoded decodes to the same prefix and bytes, at any length", () => {
  fc.assert(
    fc.property(prefix, bytes, (name, data) => {
      const text = encodeBech32(name, data);
      const decoded = decodeBech32(text);
      assert.equal(decoded?.prefix, name);
      assert.deepEqual(decoded?.bytes, data);
      assert.deepEqual(decodeBech32(text.toUpperCase())?.bytes, data);
    }),
  );
});

test("one wrong character is always found", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(30), (data, at, step) => {
      const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
      const text = encodeBech32("age", data);
      const i = 4 + (at % (text.length - 4));
      const other = alphabet.charAt((alphabet.indexOf(text.charAt(i)) + 1 + step) % 32);
      assert.equal(decodeBech32(text.slice(0, i) + other + text.slice(i + 1)), null);
    }),
  );
});

// Addresses of BIP-173 whose checksums are right and whose last word is not used up.
for (const text of ["tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv", "bc1rw5uspcuh"]) {
  test(`left-over bits are refused: ${text.slice(0, 12)}`, () => assert.equal(decodeBech32(text), null));
}

test("any text is decoded or refused", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const decoded = decodeBech32(text);
      if (decoded !== null) assert.equal(encodeBech32(decoded.prefix.toLowerCase(), decoded.bytes), text.toLowerCase());
    }),
  );
});

// The lists of BIP-173, without those that are invalid only for their length.
for (const text of [
  "A12UEL5L",
  "a12uel5l",
  "?1ezyfcl",
  "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
  "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
]) {
  test(`BIP-173 accepts ${text}`, () => assert.notEqual(decodeBech32(text), null));
}
for (const text of [
  "\x201nwldj5",
  "\x7f1axkwrx",
  "pzry9x0s0muk",
  "1pzry9x0s0muk",
  "x1b4n0q5v",
  "li1dgmt3",
  "de1lg7wt\xff",
  "A1G7SGD8",
  "10a06t8",
  "1qzzfhee",
  "A12uEL5L",
]) {
  test(`BIP-173 refuses ${JSON.stringify(text)}`, () => assert.equal(decodeBech32(text), null));
}
