/** Values as a person gives them to `set` and gets them from `get`: text with a type on one side, tree nodes on the other. */
import { SecretsError } from "../errors.ts";
import { parsePlain } from "../sops/plain-text.ts";
import { fitsInt64 } from "../sops/scalar.ts";
import type { ValueNode } from "../sops/tree.ts";

export const VALUE_TYPES = ["str", "int", "float", "bool", "null", "json"] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/**
 * @param text what was typed or read; a `str` is taken as it is, the others may have blanks around them.
 * @throws SecretsError `E_VALUE_TYPE` when the text is not of that type. The text is never part of the message.
 */
export function parseTyped(text: string, type: ValueType): ValueNode {
  const trimmed = text.trim();
  switch (type) {
    case "str":
      return { kind: "scalar", scalar: { type: "str", value: text } };
    case "int": {
      if (!/^[+-]?\d{1,20}$/.test(trimmed)) throw notOfType("a whole number such as 42");
      const value = BigInt(trimmed.replace(/^\+/, ""));
      if (!fitsInt64(value)) throw notOfType("a whole number of at most 64 bits");
      return { kind: "scalar", scalar: { type: "int", value } };
    }
    case "float": {
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) throw notOfType("a number such as 1.5");
      return { kind: "scalar", scalar: { type: "float", value: Number(trimmed) } };
    }
    case "bool":
      if (trimmed !== "true" && trimmed !== "false") throw notOfType("true or false");
      return { kind: "scalar", scalar: { type: "bool", value: trimmed === "true" } };
    case "null":
      if (trimmed !== "" && trimmed !== "null") throw notOfType("null, or nothing at all");
      return { kind: "scalar", scalar: { type: "null" } };
    case "json":
      return parseJson(trimmed);
  }
}

/** @throws SecretsError `E_USAGE` for a name that is no type. */
export function parseValueType(name: string | undefined): ValueType {
  if (name === undefined) return "str";
  const known = VALUE_TYPES.find((type) => type === name);
  if (known !== undefined) return known;
  throw new SecretsError("E_USAGE", `--type takes ${VALUE_TYPES.join(", ")}`, { kind: "usage" });
}

/** The document reader's own JSON: numbers keep their digits, duplicate keys and nesting bombs are refused. */
function parseJson(text: string): ValueNode {
  let documents: ReturnType<typeof parsePlain>;
  try {
    documents = parsePlain(`{"value":${text}}`, "json");
  } catch (error) {
    throw new SecretsError("E_VALUE_TYPE", "the value is not valid JSON", {
      hint: 'a list is ["a","b"], a map {"key":"value"}, a string has double quotes',
      cause: error,
    });
  }
  const entries = documents[0]?.entries ?? [];
  const [entry] = entries;
  // More than one entry means that the text closed our braces and opened its own.
  if (entries.length !== 1 || entry?.kind !== "entry") throw notOfType("one JSON value");
  return withoutSource(entry.value);
}

function notOfType(expected: string): SecretsError {
  return new SecretsError("E_VALUE_TYPE", `the value is not ${expected}`, {
    kind: "usage",
    hint: "choose another --type, or leave it out to store the text as it is",
  });
}

/** Spans of the little text above mean nothing in the document that the value goes into. */
function withoutSource(node: ValueNode): ValueNode {
  if (node.kind === "scalar") return { kind: "scalar", scalar: node.scalar };
  if (node.kind === "list") {
    return { kind: "list", items: node.items.map((item) => (item.kind === "comment" ? item : withoutSource(item))) };
  }
  return {
    kind: "map",
    entries: node.entries.map((entry) =>
      entry.kind === "comment" ? entry : { kind: "entry", key: entry.key, value: withoutSource(entry.value) },
    ),
  };
}
