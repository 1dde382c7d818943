import assert from "node:assert/strict";
import { test } from "node:test";
import { composeDocuments } from "../../../../src/sops/stores/yaml/compose.ts";
import { scanDocuments } from "../../../../src/sops/stores/yaml/scan.ts";
import type { MapNode, TreeNode } from "../../../../src/sops/tree.ts";

/** Trees as one line: `(inline)`, `#comment`, `key`, `key{…}`, `key[…]`, `*` for a scalar in a list. */
function draw(node: TreeNode): string {
  if (node.kind === "comment") return node.inline ? `(${node.text})` : `#${node.text}`;
  if (node.kind === "entry") return node.key + (node.value.kind === "scalar" ? "" : draw(node.value));
  if (node.kind === "map") return `{${node.entries.map(draw).join(" ")}}`;
  return node.kind === "list" ? `[${node.items.map(draw).join(" ")}]` : "*";
}
const drawAll = (documents: readonly MapNode[]) => documents.map(draw).join(" --- ");

/** Where sops 3.13.3 puts each comment. */
const PLACES: [text: string, tree: string][] = [
  ["#h\na: 1\n", "{#h a}"],
  ["#h\n\n#i\na: 1\n#t\n", "{#h #i a #t}"],
  ["a: 1 #i\nb: 2\n", "{(i) a b}"],
  ["a: | #i\n  x\nb: 2\n", "{(i) a b}"],
  ["a: #i\n  b: 1\n", "{#i a{b}}"],
  ["a: #i\n- 1\n", "{#i a[*]}"],
  ["a:\n  #in\n  b: 1\n  #foot\n#tail\n", "{a{#in b #foot} #tail}"],
  ["a:\n  b: 1\n  #foot\nc: 2\n", "{a{b #foot} c}"],
  ["a:\n  b: 1\n#head\nc: 2\n", "{a{b} #head c}"],
  ["a:\n  b: 1\n\n  #foot\n\nc: 2\n", "{a{b #foot} c}"],
  ["a:\n  b: 1\n#head\n\nc: 2\n", "{a{b} #head c}"],
  ["a:\n  b:\n    c: 1\n  #odd\nd: 2\n", "{a{b{c #odd}} d}"],
  ["a:\n  b:\n    c: 1\n  #set-off\n\nd: 2\n", "{a{b{c} #set-off} d}"],
  ["a:\n  b:\n    c: 1\n  #of-d\n  d: 2\n", "{a{b{c} #of-d d}}"],
  ["a:\n  b: 1\n\n  #end\n", "{a{b} #end}"],
  ["a:\n  b: 1\n  #end\n", "{a{b #end}}"],
  ["l:\n  #h\n  - 1\n  #m\n  - 2 #i\n  #f\n", "{l[#h * #m (i) * #f]}"],
  ["l:\n- 1\n#of-b\nb: 2\n", "{l[*] #of-b b}"],
  ["l:\n- 1\n#of-l\n\nb: 2\n", "{l[* #of-l] b}"],
  ["l:\n  #h\n  - a: 1\n    #m\n    b: 2\n    #f\n  #g\n  - c: 3\n", "{l[#h {a #m b #f} #g {c}]}"],
  ["l:\n  -\n    #h\n    a: 1\n", "{l[{#h a}]}"],
  ["l:\n  - #h\n    a: 1\n", "{l[{#h a}]}"],
  ["l:\n  #h\n  - - 1\n    #m\n    - 2\n", "{l[#h [* #m *]]}"],
  ["a:\n#only\nb: 1\n", "{a #only b}"],
  ["a:\n  #above the value\n  x\n", "{#above the value a}"],
  ["a: [1] #c\n", "{a[#c *]}"],
  ["l:\n  - [1] #c\n", "{l[(c) [*]]}"],
  ["a: [1, #i\n  #h\n  2\n  #f\n  ]\n", "{a[(i) * #h * #f]}"],
  ["a: 1\n#of-a\n---\n#of-b\nb: 2\n", "{a #of-a} --- {#of-b b}"],
  ["a: {} #c\n", "{a{#c}}"],
  ["a:\n b: #i\n  #x\n #y\n\n   c: 1\n d: 2\n", "{a{#i b{#x #y c} d}}"],
  ["a: &x 1 #i\nb: *x #j\n", "{(i) a (j) b}"],
];

test("comments stand where sops puts them, for both readers", () => {
  for (const [text, tree] of PLACES) {
    assert.equal(drawAll(composeDocuments(text)), tree, `library: ${JSON.stringify(text)}`);
    const fast = scanDocuments(text);
    if (fast !== undefined) assert.equal(drawAll(fast), tree, `scan: ${JSON.stringify(text)}`);
  }
});

test("the text of a comment is everything behind its sign", () => {
  const [entry] = scanDocuments("## x # y \r\na: 1\r\n")?.[0]?.entries ?? [];
  assert.deepEqual(entry, { kind: "comment", text: "# x # y ", span: { start: 0, end: 9 } });
});
