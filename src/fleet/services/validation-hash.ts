/** clan's `.validation-hash`: SHA-256 of what Nix's `builtins.toJSON` prints of the `validation` of a service. */
import { createHash } from "node:crypto";
import type { DefinitionNode } from "./definition-tree.ts";

/** As Nix prints it, and smaller than what its integers end at. */
const INTEGER = /^(0|-?[1-9]\d{0,17})$/;
/** Releases of Nix differ in how they escape these, `\b` as `\u0008` before 2.13; and half a character is no text to it. */
const UNCLEAR = /[\x00-\x08\x0b\x0c\x0e-\x1f]|\p{Surrogate}/u;

/**
 * Lower-case hex; undefined for what clan's option does not take, or what Nix and we could print in two ways: lists,
 * fractions, numbers that are not in their plain form, control characters, and maps within maps within maps.
 */
export function validationHash(node: DefinitionNode): string | undefined {
  const json = toJson(node, 2);
  return json === undefined ? undefined : createHash("sha256").update(json).digest("hex");
}

/** Keys sorted by their bytes, no blanks. */
function toJson(node: DefinitionNode, levels: number): string | undefined {
  if (node.kind === "empty") return "null";
  if (node.kind === "text") {
    if (node.type === "switch") return node.text.toLowerCase();
    if (node.type === "integer") return INTEGER.test(node.text) ? node.text : undefined;
    return node.type === "text" && !UNCLEAR.test(node.text) ? JSON.stringify(node.text) : undefined;
  }
  if (node.kind === "list" || levels === 0) return undefined;
  const entries = node.entries
    .map(({ key, value }) => ({ key: Buffer.from(key.text), json: toJson(value, levels - 1) }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
  if (entries.some(({ key, json }) => json === undefined || UNCLEAR.test(key.toString()))) return undefined;
  // Beside those Nix escapes what JSON demands and leaves all else as it is, as JavaScript does.
  return `{${entries.map(({ key, json }) => `${JSON.stringify(key.toString())}:${json}`).join(",")}}`;
}
