/** What this floor computes itself, held against node:crypto and against the vectors of the RFCs. */
import assert from "node:assert/strict";
import { createCipheriv, createHmac, hkdfSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { open, seal } from "../../src/age/aead.ts";
import { decodeBase64, decodePaddedBase64, encodeBase64 } from "../../src/age/base64.ts";
import { agree, generateEphemeral, importPoint, importScalar, montgomeryOf } from "../../src/age/curve25519.ts";
import { hkdfSha256, hmacSha256 } from "../../src/age/hkdf.ts";
import { poly1305 } from "../../src/age/poly1305.ts";
import { drawBytes } from "../../src/age/random.ts";

const bytes = fc.uint8Array({ maxLength: 200 });
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

test("HMAC and HKDF are those of node:crypto", () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, (a, b, c) => {
      assert.deepEqual(hmacSha256(a, b, c), createHmac("sha256", a).update(b).update(c).digest());
      assert.deepEqual(Buffer.from(hkdfSha256(a, b, c)), Buffer.from(hkdfSync("sha256", a, b, c, 32)));
    }),
  );
});

test("a sealed message opens, and not with one bit changed", () => {
  fc.assert(
    fc.property(key, bytes, fc.nat(), fc.nat(7), (k, message, at, bit) => {
      const sealed = seal(k, message);
      assert.deepEqual(Buffer.from(open(k, sealed) ?? []), Buffer.from(message));
      const changed = Uint8Array.from(sealed);
      const i = at % changed.length;
      changed[i] = (changed[i] ?? 0) ^ (1 << bit);
      assert.equal(open(k, changed), null);
    }),
  );
});

const ZEROS = "00".repeat(16);
const ONES = "ff".repeat(16);
/** RFC 8439 section 2.5.2, and of appendix A.3 those that only a wrong carry or reduction gets wrong. */
const TAGS: readonly (readonly [what: string, r: string, s: string, message: string, tag: string])[] = [
  [
    "2.5.2",
    "85d6be7857556d337f4452fe42d506a8",
    "0103808afb0db2fd4abff6af4149f51b",
    Buffer.from("Cryptographic Forum Research Group").toString("hex"),
    "a8061dc1305136c6c22b8baf0c0127a9",
  ],
  ["A.3 #5, a sum that is not fully reduced", `02${"00".repeat(15)}`, ZEROS, ONES, `03${"00".repeat(15)}`],
  [
    "A.3 #6, the last addition passes 2^128",
    `02${"00".repeat(15)}`,
    ONES,
    `02${"00".repeat(15)}`,
    `03${"00".repeat(15)}`,
  ],
  [
    "A.3 #7, ones with a carry from below",
    `01${"00".repeat(15)}`,
    ZEROS,
    `${ONES}f0${"ff".repeat(15)}11${"00".repeat(15)}`,
    `05${"00".repeat(15)}`,
  ],
  ["A.3 #8, exactly 2^130 − 5", `01${"00".repeat(15)}`, ZEROS, `${ONES}fb${"fe".repeat(15)}${"01".repeat(16)}`, ZEROS],
  ["A.3 #9, one below it", `02${"00".repeat(15)}`, ZEROS, `fd${"ff".repeat(15)}`, `fa${"ff".repeat(15)}`],
  [
    "A.3 #10, 131 bits on the way",
    "01000000000000000400000000000000",
    ZEROS,
    `e33594d7505e43b900000000000000003394d7505e4379cd01000000000000000000000000000000000000000000000001${"00".repeat(15)}`,
    "14000000000000005500000000000000",
  ],
  [
    "A.3 #11, 131 bits at the end",
    "01000000000000000400000000000000",
    ZEROS,
    `e33594d7505e43b900000000000000003394d7505e4379cd010000000000000000000000000000000000000000000000`,
    `13${"00".repeat(15)}`,
  ],
];
for (const [what, r, s, message, tag] of TAGS) {
  test(`Poly1305 gives the tag of RFC 8439: ${what}`, () => {
    const found = poly1305(Buffer.from(r + s, "hex"), Buffer.from(message, "hex"));
    assert.equal(Buffer.from(found).toString("hex"), tag);
  });
}

test("Poly1305 agrees with the AEAD of node:crypto, which pads and adds lengths", () => {
  fc.assert(
    fc.property(key, bytes, (k, message) => {
      const sealed = seal(k, message);
      const ciphertext = sealed.subarray(0, message.length);
      const oneTimeKey = createCipheriv("chacha20", k, new Uint8Array(16)).update(new Uint8Array(32));
      const lengths = Buffer.alloc(16);
      lengths.writeUInt32LE(ciphertext.length, 8);
      const padded = Buffer.concat([ciphertext, Buffer.alloc((16 - (ciphertext.length % 16)) % 16), lengths]);
      assert.deepEqual(Buffer.from(poly1305(oneTimeKey, padded)), Buffer.from(sealed.subarray(message.length)));
    }),
  );
});

test("drawn bytes are nobody else's, and nobody changes them later", () => {
  const drawn = Array.from({ length: 400 }, () => drawBytes(16));
  const texts = drawn.map((each) => Buffer.from(each).toString("hex"));
  assert.equal(new Set(texts).size, drawn.length);
  for (const each of drawn) each.fill(0);
  assert.ok(drawBytes(16).some((byte) => byte !== 0));
  assert.equal(drawBytes(1024).length, 1024);
});

test("an ephemeral key is another one each time, and its share is its public half", () => {
  const [one, two] = [generateEphemeral(), generateEphemeral()];
  assert.notDeepEqual(one.share, two.share);
  assert.equal(one.share.length, 32);
  assert.deepEqual(agree(one.privateKey, importPoint(two.share)), agree(two.privateKey, importPoint(one.share)));
});

test("a point of small order gives no secret", () => {
  const scalar = importScalar(Buffer.alloc(32, 7));
  for (const u of ["00".repeat(32), `01${"00".repeat(31)}`, `ecffff${"ff".repeat(28)}7f`]) {
    assert.equal(agree(scalar, importPoint(Buffer.from(u, "hex"))), null);
  }
});

test("the map from Ed25519 refuses what is no key", () => {
  const p = 2n ** 255n - 19n;
  const encode = (y: bigint) => Buffer.from(y.toString(16).padStart(64, "0"), "hex").reverse();
  const refused: [string, Uint8Array][] = [
    ["the neutral element", encode(1n)],
    ["the element of order two", encode(p - 1n)],
    ["y = p", encode(p)],
    ["y = p + 1", encode(p + 1n)],
    ["off the curve", encode(2n)],
    ["31 bytes", Buffer.alloc(31, 3)],
    ["no bytes", Buffer.alloc(0)],
  ];
  for (const [name, point] of refused) assert.equal(montgomeryOf(point), null, name);
});

test("base64 has one spelling for each byte string", () => {
  fc.assert(
    fc.property(bytes, fc.string(), (data, text) => {
      assert.deepEqual(Buffer.from(decodeBase64(encodeBase64(data)) ?? []), Buffer.from(data));
      const decoded = decodeBase64(text);
      if (decoded !== null) assert.equal(encodeBase64(decoded), text);
    }),
  );
  for (const text of ["YQ==", "YR", "Y", "YQ\n", " YQ", "Y-_Q"]) assert.equal(decodeBase64(text), null, text);
  for (const text of ["YQ", "YR==", "YQ=", "YQ==\n"]) assert.equal(decodePaddedBase64(text), null, text);
});
