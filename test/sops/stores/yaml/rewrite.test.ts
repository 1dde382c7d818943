import assert from "node:assert/strict";
import { test } from "node:test";
import { yamlStore } from "../../../../src/sops/stores/yaml.ts";
import type { EntryNode, ListNode, MapNode, ScalarNode, ValueNode } from "../../../../src/sops/tree.ts";
import { goldenFiles } from "./golden.ts";

const str = (value: string): ScalarNode => ({ kind: "scalar", scalar: { type: "str", value } });
const list = (...values: string[]): ValueNode => ({ kind: "list", items: values.map(str) });
const map = (entries: Record<string, ValueNode>): MapNode => ({
  kind: "map",
  entries: Object.entries(entries).map(([key, value]) => ({ kind: "entry", key, value })),
});

/** Replaces, removes (undefined) or adds the entry of a map. */
function put(node: MapNode, key: string, value: ValueNode | undefined): MapNode {
  const at = node.entries.findIndex((entry) => entry.kind === "entry" && entry.key === key);
  const entries = [...node.entries];
  const was = entries[at] as EntryNode | undefined;
  const fresh = value === undefined ? [] : [{ kind: "entry" as const, key, value, ...(was ? { was } : {}) }];
  if (at === -1) entries.push(...fresh);
  else entries.splice(at, 1, ...fresh);
  return { kind: "map", entries, was: node };
}

function get(node: MapNode, key: string): ValueNode {
  const entry = node.entries.find((child) => child.kind === "entry" && child.key === key);
  assert.ok(entry?.kind === "entry");
  return entry.value;
}

test("a file in which nothing changed keeps every byte", () => {
  for (const { name, text } of goldenFiles()) {
    const file = yamlStore.read(text);
    if (file.metadata === undefined) continue;
    assert.equal(yamlStore.rewrite(file, file.documents, file.metadata), text, name);
  }
});

test("a tree that says the same in new nodes keeps every byte, too", () => {
  for (const { name, text } of goldenFiles()) {
    const file = yamlStore.read(text);
    if (file.metadata === undefined) continue;
    const fresh = structuredClone(file);
    assert.ok(fresh.metadata);
    assert.equal(yamlStore.rewrite(file, fresh.documents, fresh.metadata), text, name);
  }
});

test("a changed mac changes its line in each document and nothing else", () => {
  for (const { name, text } of goldenFiles()) {
    const file = yamlStore.read(text);
    if (file.metadata === undefined) continue;
    const metadata = put(put(file.metadata, "mac", str("ENC[new]")), "lastmodified", str("2026-12-24T00:00:00Z"));
    const lines = text.split("\n");
    const after = yamlStore.rewrite(file, file.documents, metadata).split("\n");
    assert.equal(after.length, lines.length, name);
    const changed = lines.flatMap((line, index) => (line === after[index] ? [] : [after[index]]));
    const expected = ['    lastmodified: "2026-12-24T00:00:00Z"', "    mac: ENC[new]"];
    assert.deepEqual(
      changed,
      file.documents.flatMap(() => expected),
      name,
    );
  }
});

test("an added and a removed reader are the lines of that reader", () => {
  for (const { name, text } of goldenFiles()) {
    const file = yamlStore.read(text);
    const age = file.metadata?.entries.find((entry) => entry.kind === "entry" && entry.key === "age");
    if (file.metadata === undefined || age?.kind !== "entry" || age.value.kind !== "list" || age.value.items.length < 2)
      continue;
    const { items } = age.value;
    const fewer = put(file.metadata, "age", { kind: "list", items: items.slice(0, -1), was: age.value });
    const without = yamlStore.rewrite(file, file.documents, fewer);
    const reader = text.slice(items.at(-1)?.span?.start, items.at(-1)?.span?.end);
    assert.equal(text.split(reader).join("\0"), text.replaceAll(reader, "\0"));
    const line = new RegExp(`^ *- ${reader.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\n`, "gm");
    assert.equal(without, text.replace(line, ""), name);
    const again = yamlStore.read(without);
    assert.ok(again.metadata);
    const more = put(again.metadata, "age", { kind: "list", items });
    assert.equal(yamlStore.rewrite(again, again.documents, more), text, name);
  }
});

const CASES: { name: string; before: string; edit: (root: MapNode) => MapNode; after: string }[] = [
  {
    name: "a value keeps comments, blank lines and odd indentation around it",
    before: "# top\n\na:   1 # one\n\nb:\n  c: x\n  # foot\n",
    edit: (root) => put(root, "b", put(get(root, "b") as MapNode, "c", str("v"))),
    after: "# top\n\na:   1 # one\n\nb:\n  c: v\n  # foot\n",
  },
  { name: "double quotes stay", before: 'a: "x"\n', edit: (root) => put(root, "a", str("v")), after: 'a: "v"\n' },
  { name: "single quotes stay", before: "a: 'x'\n", edit: (root) => put(root, "a", str("y'")), after: "a: 'y'''\n" },
  {
    name: "quotes do not make a string of an int",
    before: 'a: "x"\n',
    edit: (root) => put(root, "a", { kind: "scalar", scalar: { type: "int", value: 5n } }),
    after: "a: 5\n",
  },
  {
    name: "a quoted key keeps its quotes",
    before: "'a' : 1\n",
    edit: (root) => put(root, "a", list("x")),
    after: "'a' :\n    - x\n",
  },
  { name: "an empty value", before: "a:\nb: 1\n", edit: (root) => put(root, "a", str("x")), after: "a: x\nb: 1\n" },
  {
    name: "one line becomes several",
    before: "a: x\nb: 1\n",
    edit: (root) => put(root, "a", str("x\ny\n")),
    after: "a: |\n    x\n    y\nb: 1\n",
  },
  {
    name: "blanks at the end of a line do not get into a block",
    before: "a: x  \nb: 1\n",
    edit: (root) => put(root, "a", str("x\ny")),
    after: "a: |-\n    x\n    y\nb: 1\n",
  },
  {
    name: "several lines become one",
    before: "a: |\n  x\n  y\n\nb: 1\n",
    edit: (root) => put(root, "a", str("z")),
    after: "a: z\n\nb: 1\n",
  },
  {
    name: "an inline comment stays on the line",
    before: "a: x # c\nb: 1\n",
    edit: (root) => put(root, "a", str("v")),
    after: "a: v # c\nb: 1\n",
  },
  {
    name: "an inline comment and a block",
    before: "a: x # c\nb: 1\n",
    edit: (root) => put(root, "a", str("y\nz")),
    after: "a: |- # c\n    y\n    z\nb: 1\n",
  },
  {
    name: "an inline comment and a list",
    before: "a: x # c\nb: 1\n",
    edit: (root) => put(root, "a", list("v")),
    after: "# c\na:\n    - v\nb: 1\n",
  },
  {
    name: "a removed entry leaves its comments",
    before: "# of a\na: 1\n\n# of b\nb: 2\n",
    edit: (root) => put(root, "a", undefined),
    after: "# of a\n\n# of b\nb: 2\n",
  },
  {
    name: "a removed entry goes with all its lines",
    before: "a:\n  x: |\n    l\n\n    m\n  y: 1\nb: 2\n",
    edit: (root) => put(root, "a", undefined),
    after: "b: 2\n",
  },
  {
    name: "an added entry stands at the column of the others",
    before: "a:\n  x: 1\nb: 2\n",
    edit: (root) => put(root, "a", put(get(root, "a") as MapNode, "w", str("z"))),
    after: "a:\n  x: 1\n  w: z\nb: 2\n",
  },
  {
    name: "a new block takes the step of the file",
    before: "a:\n  x: 1\nb: 2\n",
    edit: (root) => put(root, "c", map({ d: list("e") })),
    after: "a:\n  x: 1\nb: 2\nc:\n  d:\n    - e\n",
  },
  {
    name: "an item of a list at the column of its key",
    before: "a:\n- x\n- y\n",
    edit: (root) => put(root, "a", list("x", "z", "y")),
    after: "a:\n- x\n- z\n- y\n",
  },
  {
    name: "a changed item",
    before: "a:\n  - 'x'\n  - y # c\n",
    edit: (root) => put(root, "a", { kind: "list", items: [str("w"), ...(get(root, "a") as ListNode).items.slice(1)] }),
    after: "a:\n  - 'w'\n  - y # c\n",
  },
  {
    name: "the first entry of a map in a list",
    before: "a:\n  - x: 1\n    y: 2\n",
    edit: (root) => put(root, "a", { kind: "list", items: [map({ w: str("3") })] }),
    after: 'a:\n  - w: "3"\n',
  },
  {
    name: "a map becomes empty",
    before: "a:\n  x: 1\nb: 2\n",
    edit: (root) => put(root, "a", map({})),
    after: "a: {}\nb: 2\n",
  },
  {
    name: "an empty map gets an entry",
    before: "a: {}\nb: 2\n",
    edit: (root) => put(root, "a", map({ x: str("v") })),
    after: "a:\n    x: v\nb: 2\n",
  },
  {
    name: "a flow collection is written anew, the rest stays",
    before: "a:  [x,   y]\nb:   2\n",
    edit: (root) => put(root, "a", list("x", "z")),
    after: "a:\n    - x\n    - z\nb:   2\n",
  },
  {
    name: "an unchanged flow collection stays",
    before: "a:  [x,   y]\nb:   2\n",
    edit: (root) => put(root, "b", str("c")),
    after: "a:  [x,   y]\nb:   c\n",
  },
  {
    name: "moved entries keep their own bytes",
    before: "a:   1\nb: 2 # c\nc: 3\n",
    edit: (root) => ({
      kind: "map",
      entries: [root.entries[1], root.entries[2], root.entries[3], root.entries[0]] as MapNode["entries"],
      was: root,
    }),
    after: "b: 2 # c\nc: 3\na:   1\n",
  },
  {
    name: "CRLF",
    before: "a: 1\r\nb: 2\r\n",
    edit: (root) => put(put(root, "a", str("x\ny")), "c", str("z")),
    after: "a: |-\r\n    x\r\n    y\r\nb: 2\r\nc: z\r\n",
  },
  {
    name: "a tag goes with its value",
    before: "a: !!str 5\nb: 2\n",
    edit: (root) => put(root, "a", str("6")),
    after: 'a: "6"\nb: 2\n',
  },
  {
    name: "a byte order mark stays",
    before: "\uFEFFa: 1\nb: 2\n",
    edit: (root) => put(root, "a", undefined),
    after: "\uFEFFb: 2\n",
  },
  {
    name: "an entry added at the top stands behind the mark of the document",
    before: "# c\n---\na: 1\n",
    edit: (root) => ({
      kind: "map",
      entries: [{ kind: "entry", key: "b", value: str("v") }, ...root.entries],
      was: root,
    }),
    after: "# c\n---\nb: v\na: 1\n",
  },
  {
    name: "a comment is replaced in place",
    before: "a: 1\n# old\nb: 2\n",
    edit: (root) => ({
      kind: "map",
      entries: [root.entries[0] as EntryNode, { kind: "comment", text: " new" }, root.entries[2] as EntryNode],
      was: root,
    }),
    after: "a: 1\n# new\nb: 2\n",
  },
];

for (const { name, before, edit, after } of CASES) {
  test(`rewrite: ${name}`, () => {
    const text = `${before}sops:\n    version: 3.13.3\n`.replaceAll(
      before.includes("\r") ? /\r?\n/g : /\n/g,
      before.includes("\r") ? "\r\n" : "\n",
    );
    const file = yamlStore.read(text);
    assert.ok(file.documents[0] && file.metadata);
    const result = yamlStore.rewrite(file, [edit(file.documents[0])], file.metadata);
    const end = before.includes("\r") ? "sops:\r\n    version: 3.13.3\r\n" : "sops:\n    version: 3.13.3\n";
    assert.equal(result, after + end);
  });
}

test("a file without a final line break keeps going without one", () => {
  const file = yamlStore.read("a: 1\nsops:\n    mac: x\n    version: 3.4.0");
  assert.ok(file.documents[0] && file.metadata);
  const metadata = put(file.metadata, "version", str("3.13.3"));
  assert.equal(yamlStore.rewrite(file, file.documents, metadata), "a: 1\nsops:\n    mac: x\n    version: 3.13.3");
  const added = put(file.metadata, "zz", str("1"));
  assert.equal(
    yamlStore.rewrite(file, file.documents, added),
    'a: 1\nsops:\n    mac: x\n    version: 3.4.0\n    zz: "1"',
  );
});

test("metadata in the middle of a file stays there; deleted copies stay away", () => {
  const text = "sops:\n    mac: x\na: 1\n---\nb: 2\n";
  const file = yamlStore.read(text);
  assert.ok(file.metadata);
  const metadata = put(file.metadata, "mac", str("v"));
  assert.equal(yamlStore.rewrite(file, file.documents, metadata), "sops:\n    mac: v\na: 1\n---\nb: 2\n");
});

test("a change below an anchor does not reach its aliases", () => {
  const file = yamlStore.read("a: &x\n  k: 1\nb: *x\nsops:\n    mac: x\n");
  const [document] = file.documents;
  assert.ok(document && file.metadata);
  const edited = put(document, "a", put(get(document, "a") as MapNode, "k", str("v")));
  const result = yamlStore.rewrite(file, [edited], file.metadata);
  assert.equal(result, "a:\n    k: v\nb:\n    k: 1\nsops:\n    mac: x\n");
});

test("empty lines do not run into a block that keeps them", () => {
  const file = yamlStore.read("a: |+\n  x\nb: 1\n\nc: 2\nsops:\n    mac: x\n");
  const [document] = file.documents;
  assert.ok(document && file.metadata);
  const result = yamlStore.rewrite(file, [put(document, "b", undefined)], file.metadata);
  const [entry] = yamlStore.read(result).documents[0]?.entries ?? [];
  assert.ok(entry?.kind === "entry" && entry.value.kind === "scalar");
  assert.deepEqual(entry.value.scalar, { type: "str", value: "x\n" });
});

test("documents may be added and removed", () => {
  const text = "a:   1\nsops:\n    mac: x\n---\nb:   2\nsops:\n    mac: x\n---\nc:   3\nsops:\n    mac: x\n";
  const file = yamlStore.read(text);
  const [a, b, c] = file.documents;
  assert.ok(a && b && c && file.metadata);
  const metadata = put(file.metadata, "mac", str("v"));
  const block = (key: string) => `${key}\nsops:\n    mac: v\n`;
  assert.equal(yamlStore.rewrite(file, [a, c], metadata), `${block("a:   1")}---\n${block("c:   3")}`);
  assert.equal(yamlStore.rewrite(file, [b, c], metadata), `---\n${block("b:   2")}---\n${block("c:   3")}`);
  const more = [a, map({ m: str("x") }), b, c];
  const expected = ["a:   1", "m: x", "b:   2", "c:   3"].map(block).join("---\n");
  assert.equal(yamlStore.rewrite(file, more, metadata), expected);
});

test("a file that came as a copy is changed all the same", () => {
  const file = yamlStore.read("a:   1\nb: 2\nsops:\n    mac: x # c\n");
  const copy = structuredClone(file);
  assert.ok(copy.metadata && copy.documents[0]);
  const result = yamlStore.rewrite(copy, [put(copy.documents[0], "b", str("w"))], put(copy.metadata, "mac", str("v")));
  assert.equal(result, "a:   1\nb: w\nsops:\n    mac: v # c\n");
});
