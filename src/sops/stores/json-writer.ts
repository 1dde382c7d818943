/** A tree to JSON as Go's encoder prints it; comments have no place in JSON and are dropped, as sops does. */
import { SecretsError } from "../../errors.ts";
import type { CommentNode, EntryNode, ListNode, MapNode, ScalarNode, ScalarValue, ValueNode } from "../tree.ts";

/** How nested levels are laid out. */
export interface JsonLayout {
  /** One level's blanks or tab; undefined for everything on one line. */
  readonly indent: string | undefined;
  /** The line break of the file. */
  readonly newline: string;
}

const GO_ESCAPED = /["\\\0-\x1f<>&\u2028\u2029\ud800-\udfff]/;
const GO_ESCAPES =
  /["\\\0-\x1f<>&\u2028\u2029]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const SHORT = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** One value at the given depth; its own first line is not indented. */
export function writeJsonValue(node: ValueNode, layout: JsonLayout, depth: number): string {
  if (node.kind === "scalar") return writeScalar(node);
  const members = node.kind === "map" ? entriesOf(node) : itemsOf(node);
  const [open, close] = node.kind === "map" ? ["{", "}"] : ["[", "]"];
  if (members.length === 0) return open + close;
  const texts = members.map((member) => writeJsonMember(member, layout, depth + 1));
  const inner = lineBreak(layout, depth + 1);
  return `${open}${inner}${texts.join(`,${inner}`)}${lineBreak(layout, depth)}${close}`;
}

/** An entry of a map or an item of a list, without the separator. */
export function writeJsonMember(member: EntryNode | ValueNode, layout: JsonLayout, depth: number): string {
  if (member.kind !== "entry") return writeJsonValue(member, layout, depth);
  return `${quoteJson(member.key)}: ${writeJsonValue(member.value, layout, depth)}`;
}

/** What stands before a member at this depth. */
function lineBreak(layout: JsonLayout, depth: number): string {
  return layout.indent === undefined ? "" : layout.newline + layout.indent.repeat(depth);
}

export function entriesOf(node: MapNode): EntryNode[] {
  return node.entries.filter((entry) => entry.kind === "entry");
}

export function itemsOf(node: ListNode): ValueNode[] {
  return node.items.filter((item): item is Exclude<ValueNode | CommentNode, CommentNode> => item.kind !== "comment");
}

/** A string in double quotes, escaped the way Go does: also `<`, `>`, `&`, U+2028 and U+2029. */
function quoteJson(text: string): string {
  if (!GO_ESCAPED.test(text)) return `"${text}"`;
  return `"${text.replace(GO_ESCAPES, (sign) => {
    const code = sign.charCodeAt(0);
    if (code >= 0xd800 && code <= 0xdfff) return "\\ufffd";
    return SHORT.get(sign) ?? `\\u${code.toString(16).padStart(4, "0")}`;
  })}"`;
}

function writeScalar(node: ScalarNode): string {
  const { scalar } = node;
  switch (scalar.type) {
    case "null":
      return "null";
    case "str":
    case "time":
      return quoteJson(scalar.value);
    case "int":
      return scalar.value.toString();
    case "bool":
      return String(scalar.value);
    case "float":
      return writeFloat(scalar.value);
    case "bytes":
      return writeBytes(scalar);
  }
}

function writeFloat(value: number): string {
  if (!Number.isFinite(value)) {
    throw new SecretsError("E_JSON_NUMBER", "JSON has no way to write infinity or 'not a number'.", {
      hint: "Keep such a value as a string.",
    });
  }
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Go prints a string with invalid UTF-8 with an escape for each bad byte. */
function writeBytes(scalar: Extract<ScalarValue, { type: "bytes" }>): string {
  return quoteJson(Buffer.from(scalar.value).toString("utf8")).replaceAll("\ufffd", "\\ufffd");
}
