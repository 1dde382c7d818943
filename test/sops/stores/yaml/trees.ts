/** Random trees with the strings, keys and comments that have broken YAML writers, and plain descriptions of trees. */
import fc from "fast-check";
import type {
  CommentNode,
  EntryNode,
  ListNode,
  MapNode,
  ScalarNode,
  TreeNode,
  ValueNode,
} from "../../../../src/sops/tree.ts";

const ATOMS = [
  ..."a|b c| |  |\n|\n\n|: |:| #|#|-|- |?|? |'|\"|\\|\t|{|}|[|]|,|&|*|!|>|%|@|`|---|...|yes|no|null|~|true|1|0x1F".split(
    "|",
  ),
  ..."|1.5|2024-01-01|<<|1:30|1_0|.inf|=|\r|\r\n|é|☃|😀|\u0007|\x7f|\u0085|\u00a0|\u2028|\ufeff|\ufffd|\uffff".split(
    "|",
  ),
  "x".repeat(40),
  "ENC[AES256_GCM,data:x,type:str]",
  "__proto__",
];

/** Strings made of signs that mean something in YAML. */
export const nastyString = fc.array(fc.constantFrom(...ATOMS), { maxLength: 5 }).map((atoms) => atoms.join(""));

export const scalarNode: fc.Arbitrary<ScalarNode> = fc
  .oneof(
    { weight: 6, arbitrary: nastyString.map((value) => ({ type: "str" as const, value })) },
    fc.constant({ type: "null" as const }),
    fc.boolean().map((value) => ({ type: "bool" as const, value })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ type: "int" as const, value })),
    fc.constantFrom(1.5, 1e6 + 0.5, 1e-5, 1e21, Infinity, -0.001).map((value) => ({ type: "float" as const, value })),
    fc
      .constantFrom("2024-01-01T00:00:00Z", "2001-12-14T21:59:43.1-05:00")
      .map((value) => ({ type: "time" as const, value })),
  )
  .map((scalar) => ({ kind: "scalar", scalar }));

const comment: fc.Arbitrary<CommentNode> = fc
  .constantFrom(" a comment", "ENC[AES256_GCM,data:x,type:comment]", "", "# twice", " a: b")
  .map((text) => ({ kind: "comment", text }));

export interface TreeOptions {
  readonly comments: boolean;
}

/** Maps of up to `depth` further levels. */
export function mapNode(depth: number, options: TreeOptions): fc.Arbitrary<MapNode> {
  const key = fc.oneof(
    { weight: 3, arbitrary: fc.stringMatching(/^[a-z]{1,4}$/) },
    nastyString,
    fc.constant("y".repeat(130)),
  );
  const entries = fc.uniqueArray(fc.tuple(key, valueNode(depth, options), comments(options)), {
    selector: ([name]) => name,
    maxLength: 4,
  });
  return entries.map((list) => ({
    kind: "map",
    entries: list.flatMap(([name, value, before]): (EntryNode | CommentNode)[] => [
      ...before,
      { kind: "entry", key: name, value },
    ]),
  }));
}

function listNode(depth: number, options: TreeOptions): fc.Arbitrary<ListNode> {
  const items = fc.array(fc.tuple(valueNode(depth, options), comments(options)), { maxLength: 4 });
  return items.map((list) => ({ kind: "list", items: list.flatMap(([value, before]) => [...before, value]) }));
}

function comments(options: TreeOptions): fc.Arbitrary<CommentNode[]> {
  return options.comments ? fc.array(comment, { maxLength: 1 }) : fc.constant([]);
}

function valueNode(depth: number, options: TreeOptions): fc.Arbitrary<ValueNode> {
  if (depth <= 0) return scalarNode;
  return fc.oneof(
    { weight: 4, arbitrary: scalarNode },
    { weight: 2, arbitrary: mapNode(depth - 1, options) },
    { weight: 1, arbitrary: listNode(depth - 1, options) },
  );
}

/** What a tree says, without layout and links, to compare with deepEqual. */
export function describeNode(node: TreeNode): unknown {
  switch (node.kind) {
    case "entry":
      return [node.key, describeNode(node.value)];
    case "map":
      return { map: node.entries.map(describeNode) };
    case "list":
      return { list: node.items.map(describeNode) };
    case "comment":
      return { comment: node.text, ...(node.inline ? { inline: true } : {}) };
    case "scalar":
      return node.scalar.type === "null" ? { type: "null" } : { type: node.scalar.type, value: node.scalar.value };
  }
}

/** The same without comments. */
export function describeValues(node: TreeNode): unknown {
  if (node.kind === "entry") return [node.key, describeValues(node.value)];
  if (node.kind === "map") return { map: node.entries.filter((entry) => entry.kind === "entry").map(describeValues) };
  if (node.kind === "list") return { list: node.items.filter((item) => item.kind !== "comment").map(describeValues) };
  return describeNode(node);
}
