import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { getAt, removeAt, setAt } from "../../../src/sops/access.ts";
import { jsonStore } from "../../../src/sops/stores/json.ts";
import type { KeyPath, MapNode } from "../../../src/sops/tree.ts";
import { updateFile } from "../../../src/sops/update-file.ts";
import { create, NOW, reopen } from "../clear-keys.ts";
import { documentOf, map, scalar, text } from "../trees.ts";

function read(content: string): MapNode {
  return jsonStore.read(content).documents[0] as MapNode;
}

function write(document: MapNode, indent?: number): string {
  return jsonStore.write([document], undefined, indent === undefined ? {} : { indent });
}

test("numbers: 64-bit integers are exact, everything else is a float", () => {
  const table: [string, unknown, string][] = [
    ["9007199254740993", { type: "int", value: 9007199254740993n }, "9007199254740993"],
    ["-9223372036854775808", { type: "int", value: -(2n ** 63n) }, "-9223372036854775808"],
    ["9223372036854775808", { type: "float", value: 2 ** 63 }, "9223372036854776000"],
    ["1.0", { type: "float", value: 1 }, "1"],
    ["1e21", { type: "float", value: 1e21 }, "1e+21"],
    ["1.5e-7", { type: "float", value: 1.5e-7 }, "1.5e-7"],
    ["-0", { type: "int", value: 0n }, "0"],
    ["-0.0", { type: "float", value: -0 }, "-0"],
    ["1E2", { type: "float", value: 100 }, "100"],
  ];
  for (const [source, value, printed] of table) {
    const node = getAt([read(`{"n": ${source}}`)], ["n"]);
    assert.deepEqual(node?.kind === "scalar" && node.scalar, value, source);
    assert.equal(write(map({ n: node ?? text("") })), `{\n\t"n": ${printed}\n}\n`);
  }
});

test("strings are escaped the way Go does", () => {
  const table: [string, string][] = [
    ["<>&\u2028\u2029", "\\u003c\\u003e\\u0026\\u2028\\u2029"],
    ['"\\/', '\\"\\\\/'],
    ["\b\f\n\r\t\u0001\u001f\u007f", "\\b\\f\\n\\r\\t\\u0001\\u001f\u007f"],
    ["é☃😀", "é☃😀"],
    ["\ud800x\udc00", "\\ufffdx\\ufffd"],
  ];
  for (const [value, printed] of table) assert.equal(write(map({ k: text(value) })), `{\n\t"k": "${printed}"\n}\n`);
});

test("any JSON object is read as the language reads it", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ noUnicodeString: false })),
      fc.constantFrom(0, 2, "\t"),
      (value, indent) => {
        const source = JSON.stringify(value, null, indent);
        // Numbers print alike; -0 is the one that the language itself loses.
        fc.pre(!source.includes("-0"));
        assert.deepEqual(JSON.parse(write(read(source))), JSON.parse(source));
      },
    ),
  );
});

test("every span is the text of its node", () => {
  fc.assert(
    fc.property(documentOf("json"), fc.constantFrom(-1, 0, 3), (document, indent) => {
      const content = write(document, indent);
      const check = (node: MapNode): void => {
        for (const entry of node.entries) {
          assert.ok(entry.kind === "entry" && entry.span !== undefined && entry.value.span !== undefined);
          const own = content.slice(entry.span.start, entry.span.end);
          assert.ok(own.startsWith('"') && own.endsWith(content.slice(entry.value.span.start, entry.value.span.end)));
          const again = read(`{${own}}`).entries[0];
          assert.equal(
            write({ kind: "map", entries: again === undefined ? [] : [again] }),
            write({ kind: "map", entries: [entry] }),
          );
          if (entry.value.kind === "map") check(entry.value);
        }
      };
      check(read(content));
    }),
  );
});

test("text that is not one JSON object is refused with its place", () => {
  const table: [string, number, number][] = [
    ["", 1, 1],
    ["[]", 1, 1],
    ["1", 1, 1],
    ["{", 1, 2],
    ['{"a"}', 1, 5],
    ['{"a": }', 1, 7],
    ['{"a": 1,}', 1, 9],
    ['{"a": 1 "b": 2}', 1, 9],
    ['{"a": 01}', 1, 8],
    ['{"a": 1.}', 1, 8],
    ['{"a": tru}', 1, 7],
    ["{'a': 1}", 1, 2],
    ['{"a": "x\ny"}', 1, 9],
    ['{"a": "\\x"}', 1, 8],
    ['{"a": "\\u12g4"}', 1, 8],
    ['{"a": "x}', 1, 7],
    ['{\n"a": 1}\n{}', 3, 1],
    ['{"a": 1} // x', 1, 10],
    ['{"a": 1e999}', 1, 7],
  ];
  for (const [source, line, column] of table) {
    assert.throws(() => read(source), { code: "E_JSON_SYNTAX", location: { line, column } }, source);
  }
});

test("infinity has no JSON", () => {
  assert.throws(() => write(map({ n: scalar({ type: "float", value: Number.NaN }) })), { code: "E_JSON_NUMBER" });
});

/** Layouts that people and programs give JSON; an edit keeps each. */
const LAYOUTS: [string, string][] = [
  [
    "tab",
    '{\n\t"a": "A",\n\t"m": {\n\t\t"x": "X",\n\t\t"y": "Y"\n\t},\n\t"l": [\n\t\t"1",\n\t\t"2"\n\t],\n\t"e": {}\n}\n',
  ],
  [
    "four blanks, no final line break",
    '{\n    "a": "A",\n    "m": {\n        "x": "X",\n        "y": "Y"\n    },\n    "l": [\n        "1",\n        "2"\n    ],\n    "e": {}\n}',
  ],
  ["one line", '{"a": "A", "m": {"x": "X", "y": "Y"}, "l": ["1", "2"], "e": {}}'],
  ["minified", '{"a":"A","m":{"x":"X","y":"Y"},"l":["1","2"],"e":{}}\n'],
  ["odd", '\n {  "a" :"A"\n , "m":{"x" : "X",\n"y":"Y" }  ,"l":[ "1" ,"2"], "e" : { } }\n\n'],
  [
    "CRLF",
    '{\r\n  "a": "A",\r\n  "m": {\r\n    "x": "X",\r\n    "y": "Y"\r\n  },\r\n  "l": [\r\n    "1",\r\n    "2"\r\n  ],\r\n  "e": {}\r\n}\r\n',
  ],
];

/** An unencrypted stand-in: a rewrite needs only trees. */
function rewrite(content: string, change: (documents: readonly MapNode[]) => MapNode[]): string {
  const sealed = content.replace(/\}\s*$/, (end) => `${content.includes("\n") ? "," : ","}"sops":{"mac":"m"}${end}`);
  const old = jsonStore.read(sealed);
  const documents = change(old.documents).map(withWas);
  const after = jsonStore.rewrite(old, documents, old.metadata as MapNode);
  return after.replace(',"sops":{"mac":"m"}', "");

  /** What encrypting an edited tree gives: new nodes without spans that point to what they replace. */
  function withWas(node: MapNode): MapNode {
    return fresh(node, old.documents[0] as MapNode);
  }
}

function fresh(node: MapNode, was: MapNode): MapNode {
  if (node === was) return was;
  const entries = node.entries.map((entry) => {
    const before = was.entries.find(
      (other) => other.kind === "entry" && entry.kind === "entry" && other.key === entry.key,
    );
    if (entry.kind !== "entry" || before?.kind !== "entry") return entry;
    if (entry.value === before.value) return before;
    const { value } = entry;
    if (value.kind === "map" && before.value.kind === "map")
      return { kind: "entry" as const, key: entry.key, value: fresh(value, before.value), was: before };
    if (value.kind === "list" && before.value.kind === "list") {
      return {
        kind: "entry" as const,
        key: entry.key,
        value: { kind: "list" as const, items: value.items, was: before.value },
        was: before,
      };
    }
    return { kind: "entry" as const, key: entry.key, value, was: before };
  });
  return { kind: "map", entries, was };
}

for (const [name, content] of LAYOUTS) {
  const at = (path: KeyPath, value: string) => rewrite(content, (documents) => setAt(documents, path, text(value)));
  const without = (path: KeyPath) => rewrite(content, (documents) => removeAt(documents, path));
  test(`${name}: a rewrite touches what changed and nothing else`, () => {
    assert.equal(
      rewrite(content, (documents) => [...documents]),
      content,
    );
    assert.equal(at(["a"], "new"), content.replace('"A"', '"new"'));
    assert.equal(at(["m", "x"], "new"), content.replace('"X"', '"new"'));
    assert.equal(at(["l", 1], "new"), content.replace('"2"', '"new"'));
    for (const result of [
      at(["m", "z"], "Z"),
      at(["l", 2], "3"),
      at(["e", "z"], "Z"),
      without(["m", "x"]),
      without(["l", 0]),
      without(["m"]),
      without(["a"]),
    ]) {
      assert.equal(result.includes("\n"), content.includes("\n"));
      JSON.parse(result);
    }
    assert.deepEqual(JSON.parse(at(["m", "z"], "Z")).m, { x: "X", y: "Y", z: "Z" });
    assert.deepEqual(JSON.parse(at(["l", 2], "3")).l, ["1", "2", "3"]);
    assert.deepEqual(JSON.parse(without(["m", "x"])).m, { y: "Y" });
    assert.deepEqual(JSON.parse(without(["a"])), { m: { x: "X", y: "Y" }, l: ["1", "2"], e: {} });
  });
}

test("new members are laid out like the file", () => {
  const [, content = ""] = LAYOUTS[1] ?? [];
  const result = rewrite(content, (documents) => setAt(documents, ["e", "n"], map({ k: text("v") })));
  assert.ok(result.includes('"e": {\n        "n": {\n            "k": "v"\n        }\n    }'), result);
});

test("metadata in the middle of a file stays there", async () => {
  const content = await create("json", [map({ a: text("1"), b: text("2") })]);
  const value = JSON.parse(content);
  const moved = JSON.stringify({ a: value.a, sops: value.sops, b: value.b }, null, 2);
  const { file, documents, dataKey } = await reopen(moved, "json");
  const after = await updateFile(file, setAt(documents, ["c"], text("3")), dataKey, NOW);
  assert.deepEqual(Object.keys(JSON.parse(after)), ["a", "sops", "b", "c"]);
  const first = await updateFile(file, removeAt(documents, ["a"]), dataKey, NOW);
  assert.deepEqual(Object.keys(JSON.parse(first)), ["sops", "b"]);
});
