/** Rewriting under random edits: of generated trees, and of texts in layouts that no tool would write. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rewriteDocuments } from "../../../../src/sops/stores/yaml/rewrite.ts";
import { yamlStore } from "../../../../src/sops/stores/yaml.ts";
import type { EntryNode, MapNode, ScalarNode, ValueNode } from "../../../../src/sops/tree.ts";
import { describeNode, describeValues, mapNode, scalarNode } from "./trees.ts";

const str = (value: string): ScalarNode => ({ kind: "scalar", scalar: { type: "str", value } });

/** Random edits of a map: changed, removed, added, moved entries, at any depth. */
function edits(depth: number): fc.Arbitrary<(node: MapNode) => MapNode> {
  const step = fc.tuple(
    fc.constantFrom("change", "remove", "add", "move", "descend", "replace"),
    fc.nat(20),
    scalarNode,
    mapNode(1, { comments: true }),
  );
  return fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => (root) => {
    const edit = (node: MapNode, left: number): MapNode => {
      let entries = [...node.entries];
      for (const [kind, at, scalar, block] of steps) {
        const index = entries.length === 0 ? 0 : at % entries.length;
        const entry = entries[index];
        if (kind === "add")
          entries.splice(index, 0, { kind: "entry", key: `new${at}`, value: at % 2 === 0 ? scalar : block });
        if (entry === undefined) continue;
        if (kind === "remove") entries.splice(index, 1);
        if (kind === "move") entries = [...entries.slice(index), ...entries.slice(0, index)];
        if (entry.kind !== "entry") continue;
        if (kind === "change") entries[index] = { kind: "entry", key: entry.key, value: scalar, was: entry };
        if (kind === "replace") entries[index] = { kind: "entry", key: entry.key, value: block, was: entry };
        if (kind !== "descend" || left === 0) continue;
        if (entry.value.kind === "map")
          entries[index] = { kind: "entry", key: entry.key, value: edit(entry.value, left - 1), was: entry };
        if (entry.value.kind === "list" && entry.value.items.length > 0) {
          const items = [...entry.value.items];
          items.splice(at % items.length, at % 2, scalar);
          entries[index] = {
            kind: "entry",
            key: entry.key,
            value: { kind: "list", items, was: entry.value },
            was: entry,
          };
        }
      }
      const seen = new Set<string>();
      const unique = entries.filter(
        (entry) => entry.kind === "comment" || (!seen.has(entry.key) && seen.add(entry.key)),
      );
      return { kind: "map", entries: unique, was: node };
    };
    return edit(root, depth);
  });
}

test("whatever is edited, the rewritten text says what the edited tree says", () => {
  fc.assert(
    fc.property(
      mapNode(3, { comments: true }),
      edits(3),
      fc.constantFrom(2, 4, 3),
      fc.boolean(),
      (tree, edit, indent, crlf) => {
        const metadata: MapNode = { kind: "map", entries: [{ kind: "entry", key: "version", value: str("3.13.3") }] };
        const text = yamlStore.write([tree], metadata, { indent }).replaceAll("\n", crlf ? "\r\n" : "\n");
        const file = yamlStore.read(text);
        assert.ok(file.documents[0] && file.metadata);
        const edited = edit(file.documents[0]);
        const result = yamlStore.rewrite(file, [edited], file.metadata);
        const again = yamlStore.read(result);
        assert.deepEqual(again.documents.map(describeValues), [describeValues(edited)], JSON.stringify([text, result]));
        assert.deepEqual(again.metadata && describeNode(again.metadata), describeNode(file.metadata));
      },
    ),
    { numRuns: 400 },
  );
});

const LINES = [
  ..."a: 1|b:|c: x # i|- y|- z # i|d: |- 'q'|# e|k: 'v'|---|l: - m|- n: o|  p: \"q\"|  r:  s|- - t|-|u:  # j|v: {w: x}|- [y]".split(
    "|",
  ),
  ...[
    "",
    "aa: |",
    "  text",
    "bb: |+",
    "cc: >",
    "dd: !!str 5",
    "ee: &ff x",
    "'gg' : 1",
    "? hh",
    ": ii",
    "jj: k\tl",
    "  - m",
    "  - n",
  ],
];

/** Lines thrown together. Many such texts are no YAML; the others have layouts nobody would think of. */
const layout = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom("", "", "  "), fc.constantFrom(...LINES)), { minLength: 1, maxLength: 7 }),
    fc.constantFrom("\n", "\r\n"),
  )
  .map(([lines, newline]) => lines.map(([indent, line]) => indent + line + newline).join(""));

/** Every scalar of a tree that stands in the text, with a way to replace it. */
function* scalars(node: MapNode | ValueNode): Generator<{ node: ScalarNode; put: (fresh: ScalarNode) => ValueNode }> {
  if (node.kind === "scalar") {
    if (node.span !== undefined) yield { node, put: (fresh) => fresh };
  } else if (node.kind === "map") {
    for (const [at, entry] of node.entries.entries()) {
      if (entry.kind !== "entry") continue;
      for (const found of scalars(entry.value)) {
        const put = (fresh: ScalarNode): MapNode => {
          const changed: EntryNode = { kind: "entry", key: entry.key, value: found.put(fresh), was: entry };
          return { kind: "map", entries: node.entries.with(at, changed), was: node };
        };
        yield { node: found.node, put };
      }
    }
  } else {
    for (const [at, item] of node.items.entries()) {
      if (item.kind === "comment") continue;
      for (const found of scalars(item)) {
        yield {
          node: found.node,
          put: (fresh) => ({ kind: "list", items: node.items.with(at, found.put(fresh)), was: node }),
        };
      }
    }
  }
}

test("in any layout, a changed scalar changes its own characters and no other", () => {
  let tried = 0;
  fc.assert(
    fc.property(layout, fc.nat(), fc.constantFrom("new", "it's", "5", "a # b"), (text, choice, value) => {
      const file = readOrSkip(text);
      const [document] = file?.documents ?? [];
      if (file === undefined || document === undefined) return;
      const all = [...scalars(document)];
      const chosen = all[choice % all.length];
      if (chosen === undefined) return;
      tried++;
      const edited = chosen.put(str(value)) as MapNode;
      const result = rewriteDocuments(text, file.documents, [edited, ...file.documents.slice(1)]);
      const { start = 0, end = 0 } = chosen.node.span ?? {};
      const shown = JSON.stringify([text, value, result]);
      assert.deepEqual(
        yamlStore
          .read(result)
          .documents.map((one) => describeValues(one))
          .at(0),
        describeValues(edited),
        shown,
      );
      assert.ok(result.startsWith(text.slice(0, start)), shown);
      assert.ok(result.endsWith(text.slice(end)), shown);
    }),
    { numRuns: 4000 },
  );
  assert.ok(tried > 500, `${tried}`);
});

test("in any layout, whatever is edited, the rewritten text says what the edited tree says", () => {
  fc.assert(
    fc.property(layout, edits(3), (text, edit) => {
      const file = readOrSkip(text);
      const [document] = file?.documents ?? [];
      if (file === undefined || document === undefined) return;
      const edited = edit(document);
      const result = rewriteDocuments(text, file.documents, [edited, ...file.documents.slice(1)]);
      const again = yamlStore.read(result);
      const expected = [edited, ...file.documents.slice(1)].map(describeValues);
      assert.deepEqual(again.documents.map(describeValues), expected, JSON.stringify([text, result]));
    }),
    { numRuns: 3000 },
  );
});

function readOrSkip(text: string): ReturnType<typeof yamlStore.read> | undefined {
  try {
    return yamlStore.read(text);
  } catch {
    return undefined;
  }
}
