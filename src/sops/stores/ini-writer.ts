/** A tree to INI as gopkg.in/ini.v1 v1.67 prints it for sops: aligned equal signs, blank line between sections. */
import { SecretsError } from "../../errors.ts";
import { flatText } from "../flatten.ts";
import type { CommentNode, EntryNode, MapNode } from "../tree.ts";
import { DEFAULT_SECTION } from "./ini-reader.ts";

/** A key or header with the comments that belong to it. */
export interface Commented<T> {
  readonly node: T;
  readonly comments: readonly CommentNode[];
}

export interface IniSection {
  readonly header: Commented<EntryNode>;
  readonly keys: readonly Commented<EntryNode>[];
}

/** @throws SecretsError `E_INI_VALUE` for a tree that is not sections of plain values. */
export function sectionsOf(root: MapNode): IniSection[] {
  return root.entries.flatMap((entry) => (entry.kind === "entry" ? [sectionOf(entry)] : []));
}

export function writeIni(sections: readonly IniSection[]): string {
  return sections
    .flatMap((section, i) => {
      const text = writeSection(section, i === 0);
      return text === "" ? [] : [text];
    })
    .join("\n");
}

/** @param first the keys of a first section named DEFAULT need no header. */
export function writeSection({ header, keys }: IniSection, first: boolean): string {
  const name = header.node.key;
  const lead = commentLines(header.comments, false);
  const head = first && name.toUpperCase() === DEFAULT_SECTION ? "" : `[${name}]\n`;
  const width = widestKey(keys);
  const lines = keys.map(({ node, comments }) => commentLines(comments, true) + writeKey(node, width));
  return lead + head + lines.join("");
}

/** In bytes, as Go counts. */
export function widestKey(keys: readonly Commented<EntryNode>[]): number {
  return keys.reduce((width, { node }) => Math.max(width, byteLength(quoteKey(node.key))), 0);
}

/** The line of one key. @param width bytes to which the key is padded. */
export function writeKey(node: EntryNode, width: number): string {
  const key = quoteKey(node.key);
  return `${key}${" ".repeat(Math.max(0, width - byteLength(key)))} = ${writeIniValue(node)}\n`;
}

/** The value as it stands behind the equal sign. */
export function writeIniValue(node: EntryNode): string {
  if (node.value.kind !== "scalar") throw notFlat([node.key]);
  const text = flatText(node.value.scalar);
  if (/[\n`]/.test(text)) return `"""${text}"""`;
  if (/[#;]/.test(text)) return `\`${text}\``;
  return text.trim() === text ? text : `"${text}"`;
}

export function commentLines(comments: readonly CommentNode[], trimmed: boolean): string {
  const lines = comments.flatMap(({ text }) => text.split("\n")).filter((line) => line !== "");
  return lines
    .map((line) => {
      if (line.startsWith("#") || line.startsWith(";")) return `${line.charAt(0)} ${line.slice(1).trim()}\n`;
      return `; ${trimmed ? line.trim() : line}\n`;
    })
    .join("");
}

function sectionOf(entry: EntryNode): IniSection {
  if (entry.value.kind !== "map") throw notFlat([entry.key]);
  const comments: CommentNode[] = [];
  const keys: { node: EntryNode; comments: CommentNode[] }[] = [];
  for (const child of entry.value.entries) {
    if (child.kind === "entry") keys.push({ node: child, comments: [] });
    // A comment belongs to the key before it in the tree, and stands above that key in the text.
    else (keys.at(-1)?.comments ?? comments).push(child);
  }
  return { header: { node: entry, comments }, keys };
}

function quoteKey(key: string): string {
  if (/["=:]/.test(key)) return `\`${key}\``;
  return key.includes("`") ? `"""${key}"""` : key;
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

function notFlat(keyPath: string[]): SecretsError {
  return new SecretsError("E_INI_VALUE", "An INI document holds sections of plain values and nothing deeper.", {
    location: { keyPath },
    hint: "Use a YAML or JSON document for nested values.",
  });
}
