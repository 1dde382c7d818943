import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { openMask } from "../../../src/repo/sandbox/mask-values.ts";
import { temporaryDirectory } from "../../cli/harness.ts";

const VALUE = `it's "quoted" $HOME \\ and ${"long-".repeat(40)}end`;

async function maskOf(t: TestContext, given: Readonly<Record<string, string | Uint8Array>>, made = {}) {
  const out = await temporaryDirectory(t);
  for (const [name, bytes] of Object.entries<string | Uint8Array>(made)) {
    mkdirSync(join(out, name, ".."), { recursive: true });
    writeFileSync(join(out, name), bytes);
  }
  const inputs = new Map(Object.entries(given).map(([name, bytes]) => [name, Buffer.from(bytes)]));
  return openMask({ inputs, prompts: new Map() }, out);
}

/** How programs print what they are given. */
const PRINTED: readonly (readonly [how: string, script: string])[] = [
  ["as it is", 'cat "$1"'],
  ["base64 on one line", 'base64 -w0 "$1"'],
  ["base64 in lines of 76", 'base64 "$1"'],
  ["base64 in lines of 64", 'base64 -w64 "$1"'],
  ["base64 for URLs", 'basenc -w0 --base64url "$1"'],
  ["hex on one line", 'basenc -w0 --base16 "$1"'],
  ["hex in lines of 60, in small letters", 'basenc -w60 --base16 "$1" | tr A-F a-f'],
  ["traced by bash", 'v=$(cat "$1"); set -x; : "$v"'],
];

for (const [how, script] of PRINTED) {
  test(`a value is masked that was printed ${how}`, async (t) => {
    const mask = await maskOf(t, { value: VALUE });
    const file = join(await temporaryDirectory(t), "value");
    writeFileSync(file, VALUE);
    const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", file], { encoding: "utf8" });
    const masked = (mask ?? assert.fail())(`${stdout}${stderr}`);
    assert.match(masked, /\[hidden\]/);
    for (const text of [VALUE, Buffer.from(VALUE).toString("base64"), Buffer.from(VALUE).toString("hex")]) {
      for (let start = 0; start + 24 <= text.length; start += 24) {
        assert.ok(!masked.toLowerCase().includes(text.slice(start, start + 24).toLowerCase()), masked);
      }
    }
  });
}

test("a value in JSON, and each line of one that has several, wherever it was made", async (t) => {
  const mask = await maskOf(t, {}, { "a/b": `first line\nthe "second" line\n` });
  assert.equal(mask?.(`x first line y`), "x [hidden] y");
  assert.equal(mask?.(JSON.stringify({ v: 'the "second" line' })), '{"v":"[hidden]"}');
  assert.equal(mask?.("fine\n"), "fine\n");
});

test("the end of a long text alone is told, from the beginning of a line on", async (t) => {
  const mask = await maskOf(t, { value: "secret-value" });
  const told = mask?.(`${"secret-value".repeat(30_000)}\n${"fine\n".repeat(50_000)}secret-value`) ?? "";
  assert.ok(told.length < 300_000);
  assert.match(told, /^(fine\n)+\[hidden\]$/);
  assert.equal(mask?.("secret-value".repeat(100_000)), "");
});

test("of a script that made more than can be looked for, nothing is told", async (t) => {
  const lines = Array.from({ length: 40_000 }, (_, i) => `line ${i}`).join("\n");
  assert.equal(await maskOf(t, { value: lines }), undefined);
  assert.equal(await maskOf(t, {}, { a: new Uint8Array(5 * 1024 * 1024) }), undefined);
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`f${i}`, "x"]));
  assert.equal(await maskOf(t, {}, many), undefined);
});

test("whatever the values and the text are, no value of some length is left in it", async (t) => {
  const out = await temporaryDirectory(t);
  const word = fc.string({ minLength: 4, maxLength: 12, unit: "grapheme" }).filter((text) => text.trim().length >= 4);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(3)), (values, order) => {
      const inputs = new Map(values.map((value, i) => [String(i), Buffer.from(value)]));
      const text = order.map((i) => values[i % values.length]).join(" ");
      const masked = openMask({ inputs, prompts: new Map() }, out)?.(text) ?? assert.fail();
      for (const value of values) assert.ok(!masked.replaceAll("[hidden]", "\0").includes(value), masked);
    }),
  );
});
