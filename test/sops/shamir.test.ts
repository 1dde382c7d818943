import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { combineShares, splitSecret } from "../../src/sops/shamir.ts";

const plan = fc
  .tuple(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 0, max: 10 }))
  .map(([threshold, extra]) => ({ threshold, count: threshold + extra }));

test("any threshold of the shares gives the secret back, in any order", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      plan,
      fc.infiniteStream(fc.nat()),
      (secret, { threshold, count }, picks) => {
        const shares = splitSecret(secret, count, threshold);
        const chosen: Uint8Array[] = [];
        while (chosen.length < threshold) {
          const [share] = shares.splice((picks.next().value ?? 0) % shares.length, 1);
          if (share !== undefined) chosen.push(share);
        }
        assert.deepEqual(combineShares(chosen), Uint8Array.from(secret));
      },
    ),
    { numRuns: 60 },
  );
});

test("one share fewer tells nothing: it fits every secret", () => {
  // With threshold 2, one share and any other invented one give some secret; the true one is as likely as all others.
  const [share] = splitSecret(Uint8Array.of(42), 2, 2);
  const seen = new Set<number>();
  for (let y = 0; y < 256; y++) seen.add(combineShares([share as Uint8Array, Uint8Array.of(y, 2)])[0] ?? -1);
  assert.equal(seen.size, 256);
});

test("shares are the evaluations and the coordinate 1…n, as in sops", () => {
  const shares = splitSecret(new Uint8Array(32), 5, 3);
  assert.deepEqual(
    shares.map((share) => share.length),
    [33, 33, 33, 33, 33],
  );
  assert.deepEqual(
    shares.map((share) => share[32]),
    [1, 2, 3, 4, 5],
  );
});

test("a known polynomial of the AES field", () => {
  // f(x) = 0x53 + 0xca·x; in this field 0x53·0xca = 1, so f(0x53) = 0x52.
  assert.deepEqual(combineShares([Uint8Array.of(0x52, 0x53), Uint8Array.of(0x53 ^ 0xca, 1)]), Uint8Array.of(0x53));
});

test("thresholds out of range and shares that do not belong together are refused", () => {
  for (const [count, threshold] of [
    [2, 1],
    [1, 1],
    [2, 3],
    [256, 2],
    [3, 1.5],
  ] as const) {
    assert.throws(() => splitSecret(new Uint8Array(32), count, threshold), { code: "E_SHAMIR" });
  }
  const [a, b] = splitSecret(Uint8Array.of(1, 2), 2, 2) as [Uint8Array, Uint8Array];
  for (const shares of [[a], [a, a], [a, b.subarray(1)], [], [Uint8Array.of(1), Uint8Array.of(2)]]) {
    assert.throws(() => combineShares(shares), { code: "E_SHAMIR" });
  }
});
