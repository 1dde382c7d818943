import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  normalizeTime,
  sameScalar,
  scalarBytes,
  scalarFromBytes,
  scalarText,
  timeToSecond,
} from "../../src/sops/scalar.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "utf8");

test("floats are written without an exponent, as Go's FormatFloat 'f' does", () => {
  const table: [number, string][] = [
    [1, "1"],
    [1.5, "1.5"],
    [1e21, "1000000000000000000000"],
    [1.25e22, "12500000000000000000000"],
    [1e-7, "0.0000001"],
    [-1.5e-10, "-0.00000000015"],
    [-0, "-0"],
    [5e-324, `0.${"0".repeat(323)}5`],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
    [Number.NaN, "NaN"],
  ];
  for (const [value, text] of table) assert.equal(scalarText({ type: "float", value }), text);
});

test("every float reads back from its bytes", () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const read = scalarFromBytes("float", scalarBytes({ type: "float", value }));
      assert.ok(read !== undefined && sameScalar(read, { type: "float", value }));
    }),
  );
});

test("each type takes the spellings that Go takes, and no others", () => {
  const table: [string, string, unknown][] = [
    ["int", "5", 5n],
    ["int", "+5", 5n],
    ["int", "-9223372036854775808", -(2n ** 63n)],
    ["int", "9223372036854775808", undefined],
    ["int", "0x10", undefined],
    ["int", "1_000", undefined],
    ["int", "", undefined],
    ["int", "9".repeat(100_000), undefined],
    ["float", "1", 1],
    ["float", ".5", 0.5],
    ["float", "1e3", 1000],
    ["float", "1e999", undefined],
    ["float", "1.", 1],
    ["float", "inf", Number.POSITIVE_INFINITY],
    ["float", "-Infinity", Number.NEGATIVE_INFINITY],
    ["float", "x", undefined],
    ["bool", "True", true],
    ["bool", "t", true],
    ["bool", "0", false],
    ["bool", "yes", undefined],
    ["time", "2001-12-14T21:59:43.100-05:00", "2001-12-14T21:59:43.1-05:00"],
    ["time", "2001-12-14", undefined],
    ["time", "2001-02-29T00:00:00Z", undefined],
    ["str", "x", "x"],
    ["bytes", "x", "x"],
    ["comment", "x", undefined],
    ["nonsense", "x", undefined],
  ];
  for (const [type, text, want] of table) {
    const read = scalarFromBytes(type, bytes(text));
    assert.deepEqual(
      read !== undefined && "value" in read ? read.value : undefined,
      want,
      `${type} ${text.slice(0, 30)}`,
    );
  }
});

test("text that is not UTF-8 stays bytes", () => {
  const raw = Buffer.from([0xff, 0x00, 0x41]);
  assert.deepEqual(scalarFromBytes("str", raw), { type: "bytes", value: raw });
});

test("a byte order mark inside a value is part of it", () => {
  assert.deepEqual(scalarFromBytes("str", bytes("\ufeffx")), { type: "str", value: "\ufeffx" });
});

test("times have one spelling", () => {
  assert.equal(normalizeTime("2026-01-02T03:04:05.120000000+00:00"), "2026-01-02T03:04:05.12Z");
  assert.equal(normalizeTime("2026-01-02T24:00:00Z"), undefined);
  assert.equal(timeToSecond("2026-01-02T03:04:05.9+02:00"), "2026-01-02T03:04:05+02:00");
});
