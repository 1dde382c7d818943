/**
 * The dotenv store, with the rules of sops and no others: lines, the first `=` splits, nothing is trimmed or quoted,
 * `#` starts a comment in the first column only, and a line break in a value is written `\n`.
 */
import { SecretsError } from "../../errors.ts";
import { type FlatEntry, flatText, flatten, unflatten } from "../flatten.ts";
import type { Store, StoredFile } from "../store.ts";
import { positionAt } from "../text.ts";
import type { CommentNode, EntryNode, MapNode, ScalarNode } from "../tree.ts";

const METADATA_PREFIX = "sops_";

export const dotenvStore: Store = {
  format: "dotenv",
  read: readDotenv,
  write(documents, metadata) {
    const lines = (documents[0]?.entries ?? []).map(writeEntry);
    for (const { name, node } of metadata === undefined ? [] : flatten(metadata)) {
      lines.push(`${METADATA_PREFIX}${name}=${escapeValue(flatText(node.scalar))}`);
    }
    return lines.map((line) => `${line}\n`).join("");
  },
  rewrite: rewriteDotenv,
};

interface Line {
  readonly start: number;
  /** Without the line break. */
  readonly end: number;
  readonly text: string;
}

function readDotenv(text: string): StoredFile {
  const lines = splitLines(text);
  const entries: (EntryNode | CommentNode)[] = [];
  const flat: FlatEntry[] = [];
  const seen = new Set<string>();
  for (const line of lines) {
    const span = { start: line.start, end: line.end };
    if (line.text.startsWith("#")) {
      entries.push({ kind: "comment", text: line.text.slice(1), span });
      continue;
    }
    const equals = line.text.indexOf("=");
    if (equals === -1) throw fault("E_DOTENV_SYNTAX", "A line has no '=' between key and value.", text, line);
    const key = line.text.slice(0, equals);
    if (seen.has(key)) throw fault("E_DUPLICATE_KEY", "A key stands twice in this document.", text, line);
    seen.add(key);
    const value: ScalarNode = {
      kind: "scalar",
      scalar: { type: "str", value: line.text.slice(equals + 1).replaceAll("\\n", "\n") },
      span: { start: line.start + equals + 1, end: line.end },
    };
    if (key.startsWith(METADATA_PREFIX)) flat.push({ name: key.slice(METADATA_PREFIX.length), node: value });
    else entries.push({ kind: "entry", key, value, span });
  }
  const document: MapNode = { kind: "map", entries, span: { start: 0, end: text.length } };
  return { format: "dotenv", text, documents: [document], metadata: flat.length === 0 ? undefined : unflatten(flat) };
}

/** Lines that hold anything. sops splits at line feeds only, and a carriage return stays in the value. */
function splitLines(text: string): Line[] {
  const newline = lineBreakOf(text);
  const lines: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf(newline, start);
    const end = feed === -1 ? text.length : feed;
    if (end > start) lines.push({ start, end, text: text.slice(start, end) });
    start = end + newline.length;
  }
  return lines;
}

/**
 * An encrypted file in which every line ends in a carriage return and a line feed has been through a checkout that
 * added the former; its values have none.
 */
function lineBreakOf(text: string): string {
  return /(^|\n)sops_/.test(text) && text.includes("\r\n") && !/(^|[^\r])\n/.test(text) ? "\r\n" : "\n";
}

/** Keeps every line that did not change, empty ones too; new lines follow the one they stand behind in the tree. */
function rewriteDotenv(old: StoredFile, documents: readonly MapNode[], metadata: MapNode): string {
  const { text } = old;
  const kept = new Map<number, string>();
  const added = new Map<number, string[]>();
  // −1 stands for the top of the file: lines that have no old line before them.
  let anchor = -1;
  const place = (line: string, at: number | undefined): void => {
    if (at !== undefined && at > anchor) {
      anchor = at;
      kept.set(at, line);
    } else {
      const lines = added.get(anchor) ?? [];
      lines.push(line);
      added.set(anchor, lines);
    }
  };
  for (const entry of documents[0]?.entries ?? []) {
    if (entry.span !== undefined) place(text.slice(entry.span.start, entry.span.end), entry.span.start);
    else place(writeEntry(entry), entry.kind === "entry" ? entry.was?.span?.start : undefined);
  }
  placeMetadata(old, metadata, kept, added);
  return assemble(text, kept, added);
}

/**
 * The metadata lines, by the offset of the old line that they take the place of, or that they follow. A name that stays
 * keeps its line; lines of names that are gone are left out.
 */
function placeMetadata(
  old: StoredFile,
  metadata: MapNode,
  kept: Map<number, string>,
  added: Map<number, string[]>,
): void {
  const nodes = new Map(old.metadata === undefined ? [] : flatten(old.metadata).map(({ name, node }) => [name, node]));
  const startOf = (name: string, { span }: ScalarNode) => (span?.start ?? 0) - `${METADATA_PREFIX}${name}=`.length;
  // New lines without one before them stand where the metadata begins: behind the line above it.
  const first = Math.min(...[...nodes].map(([name, node]) => startOf(name, node)));
  let anchor = first === 0 ? -1 : old.text.lastIndexOf("\n", first - 2) + 1;
  for (const { name, node } of flatten(metadata)) {
    const was = nodes.get(name);
    // The numbers in the names move when a reader goes: the same value may stand under another name then.
    const value =
      node.span === undefined ? escapeValue(flatText(node.scalar)) : old.text.slice(node.span.start, node.span.end);
    const line = `${METADATA_PREFIX}${name}=${value}`;
    if (was !== undefined) {
      anchor = startOf(name, was);
      kept.set(anchor, line);
    } else added.set(anchor, [...(added.get(anchor) ?? []), line]);
  }
}

function assemble(
  text: string,
  kept: ReadonlyMap<number, string>,
  added: ReadonlyMap<number, readonly string[]>,
): string {
  const newline = lineBreakOf(text);
  const lines = [...(added.get(-1) ?? [])];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf(newline, start);
    const end = found === -1 ? text.length : found;
    const line = end === start ? "" : kept.get(start);
    if (line !== undefined) lines.push(line);
    for (const more of added.get(start) ?? []) lines.push(more);
    start = end + newline.length;
  }
  const body = lines.join(newline);
  return text === "" || text.endsWith(newline) ? body + newline : body;
}

function writeEntry(entry: EntryNode | CommentNode): string {
  if (entry.kind === "comment") return `#${entry.text}`;
  if (entry.value.kind !== "scalar") {
    throw new SecretsError("E_DOTENV_VALUE", "A dotenv document cannot hold maps or lists.", {
      location: { keyPath: [entry.key] },
      hint: "Use a YAML or JSON document for nested values.",
    });
  }
  return `${entry.key}=${escapeValue(flatText(entry.value.scalar))}`;
}

function escapeValue(text: string): string {
  return text.replaceAll("\n", "\\n");
}

function fault(code: "E_DOTENV_SYNTAX" | "E_DUPLICATE_KEY", message: string, text: string, line: Line): SecretsError {
  return new SecretsError(code, message, {
    location: positionAt(text, line.start),
    hint: "Mend the line: KEY=value, with '#' in the first column for a comment.",
  });
}
