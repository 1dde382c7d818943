/** Random plain documents, as far as each format can hold them. */
import fc from "fast-check";
import { SELECTOR_KINDS, type Selector } from "../../src/sops/selectors.ts";
import type { Format } from "../../src/sops/store.ts";
import type { CommentNode, EntryNode, MapNode, ScalarNode, ScalarValue, ValueNode } from "../../src/sops/tree.ts";

export const FORMATS: readonly Format[] = ["yaml", "json", "dotenv", "ini", "binary"];

export function text(value: string): ScalarNode {
  return { kind: "scalar", scalar: { type: "str", value } };
}

export function scalar(value: ScalarValue): ScalarNode {
  return { kind: "scalar", scalar: value };
}

export function map(entries: Record<string, ValueNode>): MapNode {
  return { kind: "map", entries: Object.entries(entries).map(([key, value]) => ({ kind: "entry", key, value })) };
}

export function list(...items: (ValueNode | CommentNode)[]): ValueNode {
  return { kind: "list", items };
}

/** Printable text with the signs that formats trip over; no control characters and no lone surrogates. */
const content = fc.string({
  unit: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(..."abcXYZ012_-. ") },
    { weight: 2, arbitrary: fc.constantFrom(..."#:;=\"'`\\/<>&%@!|{}[],*?~\n\té☃😀\u2028") },
  ),
  maxLength: 24,
});

const key = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_.-]{0,8}$/),
  fc.constantFrom("y", "123", "__proto__", "constructor", "a_unencrypted", "b_encrypted", "null", "toString"),
);

const anyScalar: fc.Arbitrary<ScalarValue> = fc.oneof(
  { weight: 4, arbitrary: content.map((value) => ({ type: "str" as const, value })) },
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ type: "int" as const, value })),
  // A negative zero loses its sign in clear text, and has a test of its own; adding 0 takes it off.
  fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => ({ type: "float" as const, value: value + 0 })),
  fc.boolean().map((value) => ({ type: "bool" as const, value })),
  fc
    .constantFrom("2026-01-02T03:04:05Z", "1999-12-31T23:59:59.25+02:00")
    .map((value) => ({ type: "time" as const, value })),
  fc.constantFrom(1e6, 1e-5, 2 ** 63, 1e300).map((value) => ({ type: "float" as const, value })),
  fc.constant({ type: "null" as const }),
);

function mapOf(value: fc.Arbitrary<ValueNode>, comments: boolean): fc.Arbitrary<MapNode> {
  const comment = fc.stringMatching(/^ [a-z][a-z ]{0,10}[a-z]$/);
  const item = fc.tuple(
    key,
    value,
    comments ? fc.option(comment, { nil: undefined, freq: 4 }) : fc.constant(undefined),
  );
  return fc.uniqueArray(item, { selector: ([name]) => name, minLength: 1, maxLength: 5 }).map((items) => ({
    kind: "map",
    entries: items.flatMap(([name, inner, above]): (EntryNode | CommentNode)[] => [
      ...(above === undefined ? [] : [{ kind: "comment" as const, text: above }]),
      { kind: "entry", key: name, value: inner },
    ]),
  }));
}

function nested(depth: number, comments: boolean): fc.Arbitrary<ValueNode> {
  const leaf: fc.Arbitrary<ValueNode> = anyScalar.map(scalar);
  if (depth === 0) return leaf;
  const inner = nested(depth - 1, comments);
  // A comment that opens a map in a list in a list has no place in YAML that sops would give back.
  const item = comments ? inner.filter(({ kind }) => kind !== "list") : inner;
  return fc.oneof(
    { weight: 4, arbitrary: leaf },
    { weight: 2, arbitrary: mapOf(inner, comments) },
    { weight: 1, arbitrary: fc.array(item, { maxLength: 4 }).map((items) => ({ kind: "list" as const, items })) },
    { weight: 1, arbitrary: fc.constantFrom<ValueNode>({ kind: "map", entries: [] }, { kind: "list", items: [] }) },
  );
}

/**
 * sops writes two kinds of text as YAML that it reads back as something else: a line separator, and several lines of
 * which the first starts blank, in a list. Ours are escaped, so only the texts would differ.
 */
function avoidYamlFaults<T extends ValueNode | CommentNode | EntryNode>(node: T): T {
  switch (node.kind) {
    case "scalar": {
      if (node.scalar.type !== "str") return node;
      const plain = node.scalar.value.replaceAll("\u2028", "");
      return { ...node, scalar: { type: "str", value: plain.includes("\n") ? plain.trimStart() : plain } };
    }
    case "entry":
      return { ...node, value: avoidYamlFaults(node.value) };
    case "map":
      return { ...node, entries: node.entries.map(avoidYamlFaults) };
    case "list":
      return { ...node, items: node.items.map(avoidYamlFaults) };
    case "comment":
      return node;
  }
}

const line = content.map((value) => value.replaceAll("\\n", "n"));
/** What INI can hold: no sign that its quoting cannot carry, no final backslash, no outer quotes. */
const iniValue = fc.string({ unit: fc.constantFrom(..."abcXYZ012_-. #;é"), maxLength: 16 });

/** A document that the format can hold and read back as it is. */
export function documentOf(format: Format): fc.Arbitrary<MapNode> {
  switch (format) {
    case "yaml":
      return mapOf(nested(3, true), true).map(avoidYamlFaults);
    case "json":
      return mapOf(nested(3, false), false);
    case "dotenv":
      return mapOf(line.map(text), true);
    case "ini":
      return mapOf(mapOf(iniValue.map(text), false), false);
    case "binary":
      return content.map((value) => map({ data: text(value) }));
  }
}

/** Every kind of selector, with patterns that hit some of the keys and comments above. */
export const anySelector: fc.Arbitrary<Selector> = fc
  .oneof(
    fc.tuple(fc.constantFrom(...SELECTOR_KINDS.slice(0, 2)), fc.constantFrom("_unencrypted", "_encrypted", "a")),
    fc.tuple(fc.constantFrom(...SELECTOR_KINDS.slice(2, 4)), fc.constantFrom("^a", "[0-9]", "b.*d$", "^(y|123)$")),
  )
  .map(([kind, pattern]) => ({ kind, pattern }));
