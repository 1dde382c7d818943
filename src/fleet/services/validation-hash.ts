/** clan's `.validation-hash`: SHA-256 of what Nix's `builtins.toJSON` prints of the `validation` of a service. */
import { createHash } from "node:crypto";
import type { DefinitionNode } from "./definition-tree.ts";

const INTEGER = /^-?(0|[1-9]\d{0,17})$/;

/** Lower-case hex; undefined for what clan's option does not take: lists, fractions, and maps within maps within maps. */
export function validationHash(node: DefinitionNode): string | undefined {
  const json = toJson(node, 2);
  return json === undefined ? undefined : createHash("sha256").update(json).digest("hex");
}

/** Keys sorted by their bytes, no blanks; what is plain and looks like a number or a switch is one. */
function toJson(node: DefinitionNode, levels: number): string | undefined {
  if (node.kind === "empty") return "null";
  if (node.kind === "text") {
    return node.plain && (INTEGER.test(node.text) || /^(true|false)$/.test(node.text)) ? node.text : quote(node.text);
  }
  if (node.kind === "list" || levels === 0) return undefined;
  const entries = node.entries
    .map(({ key, value }) => ({ key: Buffer.from(key.text), json: toJson(value, levels - 1) }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
  if (entries.some(({ json }) => json === undefined)) return undefined;
  return `{${entries.map(({ key, json }) => `${quote(key.toString())}:${json}`).join(",")}}`;
}

/** Nix escapes what JSON demands and leaves all else as it is, as JavaScript does but for DEL and lone halves. */
function quote(text: string): string {
  return JSON.stringify(text);
}
