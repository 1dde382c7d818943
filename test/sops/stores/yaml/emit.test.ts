import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { yamlStore } from "../../../../src/sops/stores/yaml.ts";
import type { EntryNode, MapNode, ScalarValue, TreeNode, ValueNode } from "../../../../src/sops/tree.ts";
import { goldenFiles } from "./golden.ts";
import { describeNode, describeValues, mapNode } from "./trees.ts";

const scalar = (value: ScalarValue): ValueNode => ({ kind: "scalar", scalar: value });
const str = (value: string): ValueNode => scalar({ type: "str", value });
const map = (...entries: [string, ValueNode][]): MapNode => ({
  kind: "map",
  entries: entries.map(([key, value]): EntryNode => ({ kind: "entry", key, value })),
});
const list = (...items: ValueNode[]): ValueNode => ({ kind: "list", items });
const write = (root: MapNode, indent?: number) =>
  yamlStore.write([root], undefined, indent === undefined ? {} : { indent });
/** What follows `k: ` for a value. */
const writeValue = (value: ValueNode) => write(map(["k", value])).slice("k: ".length, -1);

test("files that sops 3.13.2 wrote, encrypted and plain, come out byte for byte", () => {
  const files = goldenFiles().filter(({ name }) => /(enc|dec)-.*3\.13\.2\.yaml$|^sequences-3\.13\.2\/\d/.test(name));
  assert.ok(files.length > 25);
  for (const { name, text } of files) {
    const file = yamlStore.read(text);
    assert.equal(yamlStore.write(file.documents, file.metadata), text, name);
  }
});

test("older files come out byte for byte, too, as their metadata keeps its order", () => {
  for (const { name, text } of goldenFiles().filter((file) =>
    /(enc|dec)-.*(3\.9\.4|3\.12\.2)\.yaml$/.test(file.name),
  )) {
    const file = yamlStore.read(text);
    assert.equal(yamlStore.write(file.documents, file.metadata), text, name);
  }
});

/** As sops 3.13.3 writes them. */
const STRINGS: [value: string, text: string][] = [
  ["", '""'],
  ["a b", "a b"],
  ["yes", '"yes"'],
  ["Off", '"Off"'],
  ["y", '"y"'],
  ["null", '"null"'],
  ["~", '"~"'],
  ["0x1F", '"0x1F"'],
  ["1_0", '"1_0"'],
  ["2024-01-01", '"2024-01-01"'],
  ["18446744073709551615", '"18446744073709551615"'],
  ["1e400", "1e400"],
  ["1:30", '"1:30"'],
  ["1:60", "1:60"],
  [" x", "' x'"],
  ["x ", "'x '"],
  ["a: b", "'a: b'"],
  ["a:", "'a:'"],
  ["a:b", "a:b"],
  ["a #b", "'a #b'"],
  ["a#b", "a#b"],
  ["#", "'#'"],
  ["- a", "'- a'"],
  ["-\u00a0", "-\u00a0"],
  ["-a", "-a"],
  ["-", "'-'"],
  ["?", "'?'"],
  ["?a", "?a"],
  ["---a", "'---a'"],
  ["...", "'...'"],
  ["@a", "'@a'"],
  ["it's", "it's"],
  ["'it'", "'''it'''"],
  ['"', "'\"'"],
  ["a\\b", "a\\b"],
  ["a\tb", '"a\\tb"'],
  ["a\rb", '"a\\rb"'],
  ["\u0000\u0007\u001b\u0085\u00a0", '"\\0\\a\\e\\N\u00a0"'],
  ["é☃\ufffd", "é☃\ufffd"],
  ["😀", '"\\U0001F600"'],
  ["\ufeffab\u00a0", '"\\uFEFF\\x61\\x62\\_"'],
  ["a\ufeffb", '"a\\uFEFFb"'],
  ["<<", "!!merge <<"],
  ["a\nb", "|-\n    a\n    b"],
  ["a\nb\n", "|\n    a\n    b"],
  ["a\n\n", "|+\n    a\n"],
  ["\n", "|4+\n"],
  ["  a\nb", "|4-\n      a\n    b"],
  ["\na", "|4-\n\n    a"],
  ["a\n\n  b", "|-\n    a\n\n      b"],
  ["a \nb", '"a \\nb"'],
  ["a\nb ", '"a\\nb "'],
  ["a\n😀", '"a\\n\\U0001F600"'],
  ["a\n\tb", "|-\n    a\n    \tb"],
];

test("strings are quoted as sops quotes them", () => {
  for (const [value, text] of STRINGS) assert.equal(writeValue(str(value)), text, JSON.stringify(value));
});

test("where sops cannot read its own text back, double quotes stand", () => {
  assert.equal(writeValue(str("\ta\nb")), '"\\ta\\nb"');
  assert.equal(writeValue(str("a\u2028b\u2029")), '"a\\Lb\\P"');
  assert.equal(writeValue(list(str(" a\nb"))), '    - " a\\nb"');
  assert.equal(write(map(["k", list(map(["x", str(" a\nb")]))])), 'k:\n    - x: " a\\nb"\n');
  assert.equal(
    write(map(["k", map(["x", str(" a\nb")])])),
    "k:\n    x: |4-\n             a\n        b\n".replace("             a", "         a"),
  );
  assert.equal(write(map(["<<", str("x")])), '"<<": x\n');
  assert.equal(write(map(["<<", map(["x", str("z")])])), "!!merge <<:\n    x: z\n");
});

/** Go's shortest `%g`. */
const FLOATS: [number, string][] = [
  [1, "1"],
  [1000, "1000"],
  [100000.5, "100000.5"],
  [999999, "999999"],
  [1e6, "1e+06"],
  [1000001, "1.000001e+06"],
  [1234567.5, "1.2345675e+06"],
  [123456789012345680, "1.2345678901234568e+17"],
  [1e21, "1e+21"],
  [1e100, "1e+100"],
  [0.0001, "0.0001"],
  [0.00012345, "0.00012345"],
  [0.00001, "1e-05"],
  [-1.5e-7, "-1.5e-07"],
  [5e-324, "5e-324"],
  [-0, "-0"],
  [Infinity, ".inf"],
  [-Infinity, "-.inf"],
  [Number.NaN, ".nan"],
];

test("other scalars", () => {
  for (const [value, text] of FLOATS) assert.equal(writeValue(scalar({ type: "float", value })), text);
  assert.equal(writeValue(scalar({ type: "int", value: -(2n ** 63n) })), "-9223372036854775808");
  assert.equal(writeValue(scalar({ type: "bool", value: true })), "true");
  assert.equal(writeValue(scalar({ type: "null" })), "null");
  assert.equal(writeValue(scalar({ type: "time", value: "2024-01-01T00:00:00Z" })), "2024-01-01T00:00:00Z");
  assert.equal(writeValue(scalar({ type: "bytes", value: new Uint8Array([255, 0]) })), "!!binary /wA=");
});

test("a nested block starts at the next multiple of the step, behind a dash at two", () => {
  const tree = map([
    "a",
    list(map(["b", list(map(["c", map(["d", str("e\nf\n")])]))]), list(str("x"), list(str("z")))),
  ]);
  const four = [
    "a:",
    "    - b:",
    "        - c:",
    "            d: |",
    "                e",
    "                f",
    "    - - x",
    "      - - z",
    "",
  ].join("\n");
  assert.equal(write(tree), four);
  assert.equal(write(tree, 4), four);
  const two = "a:\n  - b:\n      - c:\n          d: |\n            e\n            f\n  - - x\n    - - z\n";
  assert.equal(write(tree, 2), two);
  assert.equal(write(tree, 10), two);
  assert.equal(write(tree, 1), two);
});

test("long and multi-line keys", () => {
  const long = "x".repeat(129);
  assert.equal(write(map([long.slice(1), str("v")])), `${long.slice(1)}: v\n`);
  assert.equal(write(map([long, str("v")])), `? ${long}\n: v\n`);
  assert.equal(
    write(map(["é".repeat(65), map(["a", str("v")], ["b", str("w")])])),
    `? ${"é".repeat(65)}\n:   a: v\n    b: w\n`,
  );
  assert.equal(write(map(["a\nb", list(str("v"))])), "? |-\n    a\n    b\n:   - v\n");
  assert.equal(write(map(["a\rb", str("v")])), '? "a\\rb"\n: v\n');
  assert.equal(write(map(["n", str("v")], ["5", str("v")], ["", str("v")])), '"n": v\n"5": v\n"": v\n');
});

test("empty collections, with comments in them", () => {
  const comment = { kind: "comment" as const, text: " c" };
  assert.equal(
    write(map(["a", map()], ["b", list()], ["c", list(map(), list())])),
    "a: {}\nb: []\nc:\n    - {}\n    - []\n",
  );
  assert.equal(write({ kind: "map", entries: [] }), "{}\n");
  assert.equal(write({ kind: "map", entries: [comment] }), "{\n    # c\n}\n");
  assert.equal(write(map(["d", { kind: "map", entries: [comment] }])), "d: {\n    # c\n}\n");
  assert.equal(write(map(["d", { kind: "list", items: [comment] }])), "d: [\n    # c\n]\n");
  const nested = write(map(["d", map(["e", { kind: "map", entries: [comment] }])]));
  assert.equal(nested, "d:\n    e: {\n        # c\n    }\n");
  assert.equal(yamlStore.read(nested).documents.length, 1);
});

test("comments of every kind", () => {
  const text = [
    "# head",
    "a: 1 # inline",
    "b: | # of b",
    "    x",
    "c:",
    "    # in c",
    "    d: 2",
    "    # foot",
    "l:",
    "    # first",
    "    - 1 # one",
    "    # second",
    "    - x: 1",
    "      # in the item",
    "      z: 2",
    "# tail",
    "",
  ].join("\n");
  const file = yamlStore.read(text);
  assert.equal(yamlStore.write(file.documents, undefined), text);
});

test("a comment cannot become anything but comments", () => {
  const comment = { kind: "comment" as const, text: " a\nb: 1\r- c\u2028d: 2\u0007" };
  const text = write({ kind: "map", entries: [comment, ...map(["k", str("v")]).entries] });
  assert.equal(text, "# a\n#b: 1\n#- c\n#d: 2\ufffd\nk: v\n");
});

test("documents are parted by a line, each with the metadata", () => {
  assert.equal(yamlStore.write([map(["a", str("b")]), map()], undefined), "a: b\n---\n{}\n");
  assert.equal(
    yamlStore.write([map(["a", str("b")]), map(["c", str("d")])], map(["mac", str("x")])),
    "a: b\nsops:\n    mac: x\n---\nc: d\nsops:\n    mac: x\n",
  );
});

test("what is written is read back as the same tree", () => {
  fc.assert(
    fc.property(mapNode(4, { comments: false }), fc.constantFrom(2, 3, 4, 9), (tree, indent) => {
      const text = write(tree, indent);
      assert.deepEqual(yamlStore.read(text).documents.map(describeNode), [describeNode(tree)], text);
      assert.equal(write(yamlStore.read(text).documents[0] as MapNode, indent), text);
    }),
    { numRuns: 500 },
  );
});

test("comments change no value, and none is lost", () => {
  fc.assert(
    fc.property(mapNode(4, { comments: true }), (tree) => {
      const file = yamlStore.read(write(tree));
      assert.deepEqual(file.documents.map(describeValues), [describeValues(tree)]);
      assert.equal(countComments(file.documents[0] as MapNode), countComments(tree), write(tree));
    }),
    { numRuns: 300 },
  );
});

function countComments(node: TreeNode): number {
  const children =
    node.kind === "map" ? node.entries : node.kind === "list" ? node.items : node.kind === "entry" ? [node.value] : [];
  return children.reduce((sum, child) => sum + countComments(child), node.kind === "comment" ? 1 : 0);
}
