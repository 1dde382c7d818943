import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SecretsError } from "../../../../src/errors.ts";
import { composeDocuments } from "../../../../src/sops/stores/yaml/compose.ts";
import { scanDocuments } from "../../../../src/sops/stores/yaml/scan.ts";
import { yamlStore } from "../../../../src/sops/stores/yaml.ts";
import type { MapNode } from "../../../../src/sops/tree.ts";
import { goldenFiles } from "./golden.ts";
import { describeNode, mapNode, nastyString } from "./trees.ts";

const describe = (documents: readonly MapNode[]) => documents.map(describeNode);
const read = (text: string) => describe(yamlStore.read(text).documents);

test("both readers give the same trees and spans for every golden file that the fast one takes", () => {
  let taken = 0;
  for (const { name, text } of goldenFiles()) {
    const fast = scanDocuments(text);
    if (fast === undefined) continue;
    taken++;
    assert.deepEqual(composeDocuments(text), fast, name);
  }
  assert.ok(taken > 60, `${taken}`);
});

test("the fast reader takes every file that sops encrypted, but for merge keys", () => {
  const left = goldenFiles().filter(({ text }) => text.includes("\nsops:") && scanDocuments(text) === undefined);
  assert.deepEqual(
    left.filter(({ text }) => !text.includes("!!merge")),
    [],
  );
});

test("both readers agree on generated texts", () => {
  fc.assert(
    fc.property(
      mapNode(4, { comments: true }),
      fc.constantFrom(2, 4),
      fc.constantFrom("\n", "\r\n"),
      (tree, indent, newline) => {
        const text = yamlStore.write([tree], undefined, { indent }).replaceAll("\n", newline);
        const fast = scanDocuments(text);
        if (fast !== undefined) assert.deepEqual(composeDocuments(text), fast, JSON.stringify(text));
      },
    ),
    { numRuns: 300 },
  );
});

const LINES = [
  "a: 1",
  "b:",
  "  c: x",
  "  - y",
  "- z",
  "    d: |",
  "  # e",
  "# f",
  "",
  "  ",
  " k: 'v' # g",
  "---",
  "l: - m",
  "n: 'o",
  "p: [q]",
  "  text",
  "k: v:",
  "a b: c",
  '"q": "r"',
  "-",
  "- - s",
  "  - t: u",
];

test("both readers agree on lines thrown together, or the fast one does not take them", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...LINES), { maxLength: 8 }), (lines) => {
      const text = `${lines.join("\n")}\n`;
      const fast = scanDocuments(text);
      if (fast !== undefined) assert.deepEqual(composeDocuments(text), fast, JSON.stringify(text));
    }),
    { numRuns: 3000 },
  );
});

test("any text is read or refused with a code", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    nastyString,
    fc.array(nastyString).map((parts) => parts.join("\n")),
  );
  fc.assert(
    fc.property(texts, (text) => readOrRefuse(text)),
    { numRuns: 2000 },
  );
});

test("a golden file cut off anywhere is read or refused with a code", () => {
  const files = goldenFiles().filter(({ name }) => /^(comments_map|strings|types)-yaml\/enc-3.13.2/.test(name));
  assert.equal(files.length, 3);
  for (const { text } of files) for (let end = 0; end < text.length; end += 1) readOrRefuse(text.slice(0, end));
});

function readOrRefuse(text: string): void {
  try {
    yamlStore.read(text);
  } catch (error) {
    assert.ok(error instanceof SecretsError, `${error} for ${JSON.stringify(text)}`);
    assert.match(error.code, /^E_YAML_/);
  }
}

test("metadata is kept apart from the documents, copies too", () => {
  const file = yamlStore.read("a: 1\nsops:\n  mac: x\n---\nb: 2\nsops:\n  mac: x\n");
  assert.deepEqual(describe(file.documents), [
    { map: [["a", { type: "int", value: 1n }]] },
    { map: [["b", { type: "int", value: 2n }]] },
  ]);
  assert.deepEqual(file.metadata && describeNode(file.metadata), { map: [["mac", { type: "str", value: "x" }]] });
  assert.equal(yamlStore.read("a: {sops: 1}\n").metadata, undefined);
  assert.throws(() => yamlStore.read("sops: 5\n"), { code: "E_YAML_METADATA" });
});

test("forms that only the library reads", () => {
  const one = (text: string) => (read(text)[0] as { map: unknown[] }).map[0];
  const x = { type: "str", value: "x" };
  assert.deepEqual(one("{k: [x, {y: x}]}"), ["k", { list: [x, { map: [["y", x]] }] }]);
  assert.deepEqual(one("? k\n: x\n"), ["k", x]);
  assert.deepEqual(one("k: >\n  a\n  b\n\n  c\n"), ["k", { type: "str", value: "a b\nc\n" }]);
  assert.deepEqual(one("k: a\n  b\n"), ["k", { type: "str", value: "a b" }]);
  assert.deepEqual(one("k: |2-\n    a\n   b"), ["k", { type: "str", value: "  a\n b" }]);
  assert.deepEqual(one("k: |\n  a"), ["k", { type: "str", value: "a" }]);
  assert.deepEqual(one("k: !t |\n  a"), ["k", { type: "str", value: "a" }]);
  assert.deepEqual(one("k: |\n  a\n"), ["k", { type: "str", value: "a\n" }]);
  assert.deepEqual(one("k: a\tb\n"), ["k", { type: "str", value: "a\tb" }]);
  assert.deepEqual(one("%TAG ! !x\n---\nk: x\n"), ["k", x]);
});

test("aliases are expanded, a merge stays an entry of its own", () => {
  assert.deepEqual(read("b: &b\n  x: 1\nr: *b\nm:\n  <<: *b\n  z: 2\n"), [
    {
      map: [
        ["b", { map: [["x", { type: "int", value: 1n }]] }],
        ["r", { map: [["x", { type: "int", value: 1n }]] }],
        [
          "m",
          {
            map: [
              ["<<", { map: [["x", { type: "int", value: 1n }]] }],
              ["z", { type: "int", value: 2n }],
            ],
          },
        ],
      ],
    },
  ]);
});

test("empty documents", () => {
  assert.deepEqual(read("---\n"), [{ map: [] }]);
  assert.deepEqual(read("{}\n"), [{ map: [] }]);
  assert.deepEqual(read("a: 1\n---\n"), [{ map: [["a", { type: "int", value: 1n }]] }, { map: [] }]);
  assert.deepEqual(read("--- null\n"), [{ map: [] }]);
});

test("a byte order mark, CRLF and a missing final line break are no part of the values", () => {
  const plain = read("a: 1\nb: |\n  x\n\n  y\nc: 'z' # d\n");
  assert.deepEqual(read("\uFEFFa: 1\r\nb: |\r\n  x\r\n\r\n  y\r\nc: 'z' # d"), plain);
});

test("keys that mean something to JavaScript are keys", () => {
  assert.deepEqual(read("__proto__: 1\nconstructor: {__proto__: 2}\n"), [
    {
      map: [
        ["__proto__", { type: "int", value: 1n }],
        ["constructor", { map: [["__proto__", { type: "int", value: 2n }]] }],
      ],
    },
  ]);
});

const REFUSED: [text: string, code: string, line?: number, column?: number][] = [
  ["", "E_YAML_EMPTY"],
  ["# only a comment\n", "E_YAML_EMPTY"],
  ["- a\n", "E_YAML_ROOT", 1, 1],
  ["just text\n", "E_YAML_ROOT", 1, 1],
  ["a: 1\nb: 2\na: 3\n", "E_YAML_DUPLICATE_KEY", 3, 1],
  ["x:\n  - a: 1\n    'a': 2\n", "E_YAML_DUPLICATE_KEY", 3, 5],
  ["x: {a: 1, a: 2}\n", "E_YAML_DUPLICATE_KEY", 1, 11],
  ["a: 1\n---\nb: 1\nb: 2\n", "E_YAML_DUPLICATE_KEY", 4, 1],
  ["a: 1\n5: x\n", "E_YAML_KEY", 2, 1],
  ["true: x\n", "E_YAML_KEY", 1, 1],
  ["2024-01-01: x\n", "E_YAML_KEY", 1, 1],
  ["? [a]\n: x\n", "E_YAML_KEY", 1, 1],
  ["? \n", "E_YAML_KEY", 1, 1],
  ["%YAML 1.2\n---\na: 1\n", "E_YAML_DIRECTIVE", 1, 1],
  ["a: *x\n", "E_YAML_ALIAS", 1, 4],
  ["a: &a [*a]\n", "E_YAML_ALIAS", 1, 8],
  ["a: 'x\n", "E_YAML_SYNTAX"],
  ["a: b: c\n", "E_YAML_SYNTAX"],
  ["? a\n- b\n", "E_YAML_SYNTAX", 1, 1],
  ["a: 1\n b: 2\n", "E_YAML_SYNTAX"],
  ["a:\n\tb: 1\n", "E_YAML_SYNTAX", 2],
  ["a: [1\n", "E_YAML_SYNTAX"],
  ["a: @x\n", "E_YAML_SYNTAX", 1, 4],
  ["  a: 1\nb: 2\n", "E_YAML_SYNTAX"],
  ["a: \u0000\n", "E_YAML_CHARACTER", 1, 4],
  ["\uFEFFa: \u0007\n", "E_YAML_CHARACTER", 1, 4],
  ["a: \ud800\n", "E_YAML_CHARACTER", 1, 4],
  ['a: "\\ud800"\n', "E_YAML_CHARACTER", 1, 4],
  ["a: 'x\u2028y'\n", "E_YAML_CHARACTER", 1, 6],
  ["a: 1\rb: 2\n", "E_YAML_CHARACTER", 1, 5],
];

test("what is not accepted is refused with its place, and nothing of the text", () => {
  for (const [text, code, line, column] of REFUSED) {
    const error = caught(() => yamlStore.read(text));
    assert.equal(error.code, code, JSON.stringify(text));
    if (line !== undefined) assert.equal(error.location?.line, line, JSON.stringify(text));
    if (column !== undefined) assert.equal(error.location?.column, column, JSON.stringify(text));
  }
  const secret = caught(() => yamlStore.read("pass: [hunter2\n*hunter2: 'hunter2\n"));
  assert.doesNotMatch(`${secret.message} ${secret.hint} ${JSON.stringify(secret.location)}`, /hunter2/);
});

function caught(run: () => unknown): SecretsError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof SecretsError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "nothing was refused" });
}
