/**
 * Writes a changed tree into the text it was read from: the characters of everything that is still the same stay, a
 * changed value is spliced in, an added or removed entry is whole lines. What an old layout cannot carry is written
 * anew, the smallest enclosing value first, at worst the document.
 */
import { SecretsError } from "../../../errors.ts";
import { sameValues } from "../../same-tree.ts";
import type { WriteOptions } from "../../store.ts";
import type { MapNode, Span } from "../../tree.ts";
import { emitDocument, indentStep } from "./emit.ts";
import { readDocuments } from "./read.ts";
import { Splice } from "./splice.ts";
import { endOfLine } from "./token.ts";

/**
 * The new text. `before` are the documents as read from `text`, metadata included, `after` the changed ones; documents
 * belong together by identity, by `was`, else by position.
 */
export function rewriteDocuments(
  text: string,
  before: readonly MapNode[],
  after: readonly MapNode[],
  { indent, unverified = false }: WriteOptions = {},
): string {
  const step = indent === undefined ? detectStep(text, before) : indentStep(indent);
  const bom = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const newline = /\r\n/.test(text.slice(0, text.indexOf("\n") + 1)) ? "\r\n" : "\n";
  const used = new Set<MapNode>();
  const parts = after.map((document, index) => {
    const old = partnerOf(document, index, before, after.length, used);
    if (old !== undefined) used.add(old);
    const part = old === undefined ? undefined : rewriteDocument(text, old, document, { step, newline, unverified });
    const fresh = part ?? keepMarker(text, old) + emitDocument(document, step).replaceAll("\n", newline);
    return index === 0 || fresh.startsWith("---") ? fresh : `---${newline}${fresh}`;
  });
  const ended = parts.map((part, index) => (index === parts.length - 1 || part.endsWith("\n") ? part : part + newline));
  return bom + ended.join("");
}

function partnerOf(
  document: MapNode,
  index: number,
  before: readonly MapNode[],
  count: number,
  used: ReadonlySet<MapNode>,
): MapNode | undefined {
  const named = before.find((old) => old === document || old === document.was);
  const partner = named ?? (count === before.length ? before[index] : undefined);
  return partner === undefined || used.has(partner) ? undefined : partner;
}

function keepMarker(text: string, old: MapNode | undefined): string {
  const region = old?.span === undefined ? "" : text.slice(old.span.start, old.span.end);
  return /^---[ \t]*\r?\n/.exec(region)?.[0] ?? "";
}

/** The document's own stretch of text, changed; undefined if it has to be written anew. */
function rewriteDocument(
  text: string,
  old: MapNode,
  document: MapNode,
  { step, newline, unverified }: { step: number; newline: string; unverified: boolean },
): string | undefined {
  if (old.span === undefined) return undefined;
  if (old === document) return text.slice(old.span.start, old.span.end);
  const splice = new Splice(text, step, newline, startOfContent(text, old, old.span));
  if (!splice.children(old.entries, document.entries, undefined)) return undefined;
  const fresh = splice.apply(old.span);
  // Moving lines about can change what others mean (empty lines that come to stand below a `|+`). Then they are not moved.
  return !splice.movedLines || unverified || saysTheSame(fresh, document) ? fresh : undefined;
}

/** Behind the `---` of the document, if it has one: comments may stand before it, entries may not. */
function startOfContent(text: string, document: MapNode, span: Span): number {
  const first = document.entries.find((entry) => entry.kind === "entry")?.span?.start ?? span.start;
  const head = text.slice(span.start, first);
  const marker = head.startsWith("---") ? 0 : head.lastIndexOf("\n---") + 1;
  if (marker === 0 && !head.startsWith("---")) return span.start;
  return span.start + endOfLine(head, marker) + 1;
}

function saysTheSame(text: string, document: MapNode): boolean {
  try {
    const read = readDocuments(text);
    return read.length === 1 && read[0] !== undefined && sameValues(read[0], document);
  } catch (error) {
    if (error instanceof SecretsError) return false;
    throw error;
  }
}

/** The step of indentation that the file uses, seen at the first block below a top-level key. */
function detectStep(text: string, documents: readonly MapNode[]): number {
  for (const document of documents) {
    for (const entry of document.entries) {
      if (entry.kind !== "entry" || entry.value.kind !== "map") continue;
      const first = entry.value.entries.find((child) => child.kind === "entry")?.span?.start;
      if (first === undefined || entry.value.span === undefined) continue;
      const column = first - (text.lastIndexOf("\n", first - 1) + 1);
      if (column >= 2 && column <= 9) return column;
    }
  }
  return indentStep(undefined);
}
