import assert from "node:assert/strict";
import { test } from "node:test";
import { yamlStore } from "../../../../src/sops/stores/yaml.ts";
import { describeNode } from "./trees.ts";

/** Values as sops 3.13.3 reads them, by type. */
const STRINGS =
  `yes no on off y n Y N Yes NO On OFF tRue nul n/a T F O + -- 0x 0xG 0b2 _1 1e 1e400 -1e400 . .. .e3 1.5_ea inf nan
  Infinity 1:30 1:30:45 2024-13-01 2024-02-30 2023-02-29 2024-01-01T00:00:00 2024-01-01T24:00:00Z 2024-01-01T23:60:00Z
  2024-01-01T23:59:60Z 2024-01-01T00:00:00+25:00 2024-01-01T00:00:00+00:61 2024-01-01T00:00:00z 2024- 2024-1 12024-01-01
  1,000 1.2.3 .1__0 ._1 .1_ +.INf = a:b a#b -a ..a << ENC[x,type:str]`.split(/\s+/);
const INTEGERS: [string, bigint][] = [
  ["0", 0n], ["-0", 0n], ["00", 0n], ["007", 7n], ["017", 15n], ["-017", -15n], ["0o17", 15n], ["0O17", 15n], ["0b101", 5n], ["-0b11", -3n],
  ["0b+1", 1n], ["0b-1", -1n], ["0o+7", 7n], ["0x1F", 31n], ["0X1f", 31n], ["-0x1F", -31n], ["+0x1F", 31n], ["0x_1F", 31n], ["1_000", 1000n],
  ["1__0", 10n], ["1_", 1n], ["-1_0", -10n], ["+5", 5n], ["9223372036854775807", 2n ** 63n - 1n], ["-9223372036854775808", -(2n ** 63n)],
  ["20240101", 20240101n],
]; // biome-ignore format: a table
const FLOATS: [string, number][] = [
  ["08", 8], ["09", 9], ["1.", 1], [".5", 0.5], ["-.5", -0.5], ["+.5", 0.5], [".5e3", 500], [".1_0", 0.1], ["5.e3", 5000], ["1e3", 1000], ["1E+06", 1e6],
  ["1e-400", 0], ["-0.0", -0], ["1_0.5", 10.5], ["18446744073709551616", 2 ** 64], ["-9223372036854775809", -(2 ** 63)], ["+9223372036854775808", 2 ** 63],
  [".inf", Infinity], ["+.Inf", Infinity], ["-.INF", -Infinity], [".nan", Number.NaN], [".NaN", Number.NaN],
]; // biome-ignore format: a table
const TIMES: [string, string][] = [
  ["2024-01-01", "2024-01-01T00:00:00Z"],
  ["2024-1-1", "2024-01-01T00:00:00Z"],
  ["2024-02-29", "2024-02-29T00:00:00Z"],
  ["2024-01-01t1:2:3Z", "2024-01-01T01:02:03Z"],
  ["2024-01-01T1:2:3.5+07:06", "2024-01-01T01:02:03.5+07:06"],
  ["2024-01-01T00:00:00+00:60", "2024-01-01T00:00:00+01:00"],
  ["2024-01-01T00:00:00-00:00", "2024-01-01T00:00:00Z"],
  ["2024-01-01T00:00:00.123456789123Z", "2024-01-01T00:00:00.123456789Z"],
  ["2024-01-01T00:00:00.100Z", "2024-01-01T00:00:00.1Z"],
  ["2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00.5Z"],
  ["2024-01-01 1:2:3", "2024-01-01T01:02:03Z"],
  ["2024-01-01  10:20:30.25", "2024-01-01T10:20:30.25Z"],
];
const TAGGED: [string, unknown][] = [
  ["!!str 5", { type: "str", value: "5" }],
  ['!!int "5"', { type: "int", value: 5n }],
  ["!!float 5", { type: "float", value: 5 }],
  ["!!timestamp '2024-01-01'", { type: "time", value: "2024-01-01T00:00:00Z" }],
  ["!!null ''", { type: "null" }],
  ["!!binary aGVsbG8=", { type: "str", value: "hello" }],
  ["!!binary /w==", { type: "bytes", value: new Uint8Array([255]) }],
  ["!own 5", { type: "str", value: "5" }],
  ["! 5", { type: "int", value: 5n }],
  ["! '5'", { type: "str", value: "5" }],
  ["!!str", { type: "str", value: "" }],
  [
    "!!set {a, b}",
    {
      map: [
        ["a", { type: "null" }],
        ["b", { type: "null" }],
      ],
    },
  ],
  ["!!omap [a: 1]", { list: [{ map: [["a", { type: "int", value: 1n }]] }] }],
];

function readValue(text: string): unknown {
  const [entry] = yamlStore.read(`k: ${text}\n`).documents[0]?.entries ?? [];
  assert.ok(entry?.kind === "entry");
  return describeNode(entry.value);
}

test("plain scalars have the types that sops gives them", () => {
  for (const text of STRINGS) assert.deepEqual(readValue(text), { type: "str", value: text }, text);
  for (const [text, value] of INTEGERS) assert.deepEqual(readValue(text), { type: "int", value }, text);
  for (const [text, value] of FLOATS) assert.deepEqual(readValue(text), { type: "float", value }, text);
  for (const [text, value] of TIMES) assert.deepEqual(readValue(text), { type: "time", value }, text);
  for (const text of ["~", "null", "Null", "NULL", ""]) assert.deepEqual(readValue(text), { type: "null" }, text);
  for (const text of ["true", "True", "TRUE"]) assert.deepEqual(readValue(text), { type: "bool", value: true }, text);
  for (const text of ["false", "False", "FALSE"])
    assert.deepEqual(readValue(text), { type: "bool", value: false }, text);
});

test("the same words in quotes are strings", () => {
  for (const text of ["null", "true", "1", "1.5", "2024-01-01", "", ".inf"]) {
    assert.deepEqual(readValue(`"${text}"`), { type: "str", value: text });
    assert.deepEqual(readValue(`'${text}'`), { type: "str", value: text });
  }
});

test("tags decide the type or are dropped", () => {
  for (const [text, expected] of TAGGED) assert.deepEqual(readValue(text), expected, text);
});

test("what sops cannot store or decode is refused at its place", () => {
  const at = (code: string) => ({ code, location: { line: 1, column: 4 } });
  for (const text of ["9223372036854775808", "18446744073709551615", "0x8000000000000000", "01777777777777777777777"]) {
    assert.throws(() => readValue(text), at("E_YAML_NUMBER"), text);
  }
  for (const text of ["!!int 1.5", "!!bool yes", "!!null x", "!!timestamp x", "!!binary x"]) {
    assert.throws(() => readValue(text), { code: "E_YAML_TAG" }, text);
  }
});
