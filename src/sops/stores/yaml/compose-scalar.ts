/** From a scalar of the library to one of our tree. */
import type { Scalar } from "yaml";
import type { ScalarNode, ScalarValue } from "../../tree.ts";
import { yamlFault } from "./fault.ts";
import { endOf } from "./library.ts";
import { resolveScalar } from "./tagged.ts";

const HALF_CHARACTER = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** @throws SecretsError as `readScalarValue`. */
export function readScalar(text: string, node: Scalar): ScalarNode {
  const [start = 0, end = 0] = node.range ?? [];
  const block = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
  return {
    kind: "scalar",
    scalar: readScalarValue(text, node),
    span: { start, end: block ? endOfBlock(text, start, end) : end },
  };
}

/** @throws SecretsError E_YAML_TAG, E_YAML_NUMBER or E_YAML_CHARACTER at the scalar. */
export function readScalarValue(text: string, node: Scalar): ScalarValue {
  const offset = node.range?.[0] ?? 0;
  const value = resolveScalar(sourceOf(text, node), node.tag, node.type === "PLAIN" || node.type === undefined);
  if (value === "tag") {
    const message = "A tag does not fit its value.";
    throw yamlFault("E_YAML_TAG", message, text, offset, "Remove the tag or quote the value.");
  }
  if (value === "number") {
    const message = "An integer is larger than 64 bits with a sign can hold.";
    throw yamlFault("E_YAML_NUMBER", message, text, offset, "Quote it to make it a string.");
  }
  if (value.type === "str" && HALF_CHARACTER.test(value.value)) {
    const message = "An escape stands for half a character.";
    throw yamlFault("E_YAML_CHARACTER", message, text, offset, "Write the character itself, or its \\U escape.");
  }
  return value;
}

/** The library ends every block scalar with a line break, even one that the text ends before its own. */
function sourceOf(text: string, node: Scalar): string {
  const source = node.source ?? "";
  const open = node.type?.startsWith("BLOCK") && endOf(node) >= text.length && !text.endsWith("\n");
  return open && source.endsWith("\n") ? source.slice(0, -1) : source;
}

/** Behind the last line that is part of a block scalar, before its line break. */
function endOfBlock(text: string, start: number, end: number): number {
  const keep = /^[|>]\d?\+/.test(text.slice(start, start + 3));
  let at = end;
  for (;;) {
    const feed = text.lastIndexOf("\n", at - 1);
    if (feed < start || /[^ \r]/.test(text.slice(feed + 1, at))) return at;
    at = text[feed - 1] === "\r" ? feed - 1 : feed;
    if (keep) return at;
  }
}
