/** When two values look the same to a person: what an editor shows loses the difference between `1` and `1.0`. */
import { flatText } from "./flatten.ts";
import { sameScalar, scalarText } from "./scalar.ts";
import type { Format } from "./store.ts";
import type { CommentNode, ScalarValue, TreeNode, ValueNode } from "./tree.ts";

/**
 * Same type and value, or types that a plain file of this format shows alike. dotenv and INI show everything as text;
 * JSON shows a timestamp as a string.
 */
export function shownAlike(a: ScalarValue, b: ScalarValue, format: Format | undefined): boolean {
  if (sameScalar(a, b)) return true;
  if (format === "dotenv" || format === "ini") return flatText(a) === flatText(b);
  if (isNumber(a) && isNumber(b)) return numberKey(a) === numberKey(b);
  return isText(a, format) && isText(b, format) && scalarText(a) === scalarText(b);
}

function isText(scalar: ScalarValue, format: Format | undefined): boolean {
  return scalar.type === "str" || scalar.type === "bytes" || (scalar.type === "time" && format === "json");
}

/** Text that is equal for nodes that show alike, comments included; comparing and counting go by it. */
export function shownKey(node: ValueNode | CommentNode): string {
  const parts: string[] = [];
  collect(node, parts);
  return parts.join("");
}

function collect(node: TreeNode, parts: string[]): void {
  switch (node.kind) {
    case "scalar":
      parts.push(scalarKey(node.scalar));
      return;
    case "comment":
      parts.push(`#${node.text.length}:${node.text}`);
      return;
    case "entry":
      parts.push(`k${node.key.length}:${node.key}`);
      collect(node.value, parts);
      return;
    case "map":
      parts.push(`{${node.entries.length}`);
      for (const entry of node.entries) collect(entry, parts);
      return;
    case "list":
      parts.push(`[${node.items.length}`);
      for (const item of node.items) collect(item, parts);
  }
}

function scalarKey(scalar: ScalarValue): string {
  if (isNumber(scalar)) return `n${numberKey(scalar)};`;
  if (scalar.type === "bool" || scalar.type === "null") return `${scalar.type}${scalarText(scalar)};`;
  const text = scalarText(scalar);
  return `s${text.length}:${text}`;
}

type NumberScalar = Extract<ScalarValue, { type: "int" | "float" }>;

function isNumber(scalar: ScalarValue): scalar is NumberScalar {
  return scalar.type === "int" || scalar.type === "float";
}

/** An integer that a float shows is the same float; beyond 2^53 several integers would be, so those stay themselves. */
function numberKey(scalar: NumberScalar): string {
  const text = scalarText(scalar);
  return text === "-0" ? "0" : text;
}
