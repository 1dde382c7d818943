import assert from "node:assert/strict";
import { test } from "node:test";
import { pair } from "../../src/sops/pair.ts";
import { parsePlain, plainText } from "../../src/sops/plain-text.ts";
import type { Format } from "../../src/sops/store.ts";
import { updateFile } from "../../src/sops/update-file.ts";
import { create, NOW, reopen } from "./clear-keys.ts";

/** How many encrypted values of `before` are gone after an edit, without the MAC. */
async function lost(before: string, after: string, format: Format = "yaml"): Promise<number> {
  const { file, documents, dataKey } = await reopen(await create(format, parsePlain(before, format)), format);
  const paired = pair(documents, parsePlain(after, format), format);
  const text = await updateFile(file, paired, dataKey, NOW);
  assert.equal(plainText(format, (await reopen(text, format)).documents), plainText(format, paired));
  const sealed = (content: string): string[] => content.replace(/^ *"?mac.*$/m, "").match(/ENC\[[^\]]*\]/g) ?? [];
  const left = new Set(sealed(text));
  return sealed(file.stored.text).filter((value) => !left.has(value)).length;
}

const LIST = "l:\n    - a: 1\n      b: 2\n      c: 3\n    - a: 4\n      b: 5\n      c: 6\n    - x\n    - x\n    - y\n";
const TABLE: [string, string, string, number][] = [
  ["nothing", LIST, LIST, 0],
  ["an item put first", "l:\n    - a\n    - b\n", "l:\n    - new\n    - a\n    - b\n", 0],
  ["items in another order", "l:\n    - a\n    - b\n    - c\n", "l:\n    - c\n    - a\n    - b\n", 0],
  ["one of two equal items taken out", LIST, LIST.replace("    - x\n", ""), 1],
  [
    "the first map taken out, a value of the second changed",
    LIST,
    LIST.replace("- a: 1\n      b: 2\n      c: 3\n    ", "").replace("5", "55"),
    4,
  ],
  ["one value in a map of a list changed", LIST, LIST.replace("2", "22"), 1],
  ["keys in another order", "a: 1\nb: 2\n", "b: 2\na: 1\n", 0],
  ["a key renamed", "a: 1\nb: 2\n", "a: 1\nc: 2\n", 1],
  ["a comment added", "a: 1\n", "# why\na: 1\n", 0],
  ["a comment changed", "# why\na: 1\n", "# because\na: 1\n", 1],
  ["a comment moved", "# why\na: 1\nb: 2\n", "a: 1\n# why\nb: 2\n", 0],
  ["an integer written as a float", "a: 1\n", "a: 1.0\n", 0],
  ["a float shown as an integer", "a: 2.0\n", "a: 2\n", 0],
  ["an integer made a string", "a: 1\n", 'a: "1"\n', 1],
  ["a value made a list of it", "a: 1\n", "a:\n    - 1\n", 1],
  ["a document put behind", "a: 1\n", "a: 1\n---\nb: 2\n", 0],
];

for (const [name, before, after, count] of TABLE) {
  test(`${name}: ${count} old values are written anew`, async () => assert.equal(await lost(before, after), count));
}

test("flat formats show everything as text, and that is no change", async () => {
  const document = [
    {
      kind: "map" as const,
      entries: [
        {
          kind: "entry" as const,
          key: "n",
          value: { kind: "scalar" as const, scalar: { type: "int" as const, value: 5n } },
        },
      ],
    },
  ];
  const { documents } = await reopen(await create("dotenv", document), "dotenv");
  assert.equal(pair(documents, parsePlain("n=5\n", "dotenv"), "dotenv")[0], documents[0]);
});

test("a list of a thousand changed maps is paired in bounded time", async () => {
  const items = (sign: string): string =>
    Array.from({ length: 1000 }, (_, i) => `    - a: ${sign}${i}\n      b: ${i}\n`).join("");
  const started = performance.now();
  assert.equal(await lost(`l:\n${items("x")}`, `l:\n${items("y")}`), 1000);
  assert.ok(performance.now() - started < 5000);
});
