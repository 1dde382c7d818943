/**
 * The JSON store. A rewrite keeps the text of everything that did not change: white space, key order, number and
 * escape spelling; new members take the separator that the file itself uses.
 */
import type { Store, StoredFile, WriteOptions } from "../store.ts";
import type { EntryNode, ListNode, MapNode, Span, ValueNode } from "../tree.ts";
import { readJson } from "./json-reader.ts";
import { entriesOf, itemsOf, type JsonLayout, writeJsonMember, writeJsonValue } from "./json-writer.ts";

/** The key under which sops keeps its metadata. */
const METADATA_KEY = "sops";

export const jsonStore: Store = {
  format: "json",
  read(text) {
    return { format: "json", text, ...splitMetadata(readJson(text)) };
  },
  write(documents, metadata, options) {
    const layout = { indent: indentOf(options), newline: "\n" };
    return `${writeJsonValue(joinMetadata(documents[0], metadata), layout, 0)}\n`;
  },
  rewrite(old, documents, metadata) {
    return rewriteJson(old, documents[0], metadata);
  },
};

/** −1 or nothing is a tab, as sops counts. */
function indentOf(options: WriteOptions | undefined): string {
  const { indent = -1 } = options ?? {};
  return indent < 0 ? "\t" : " ".repeat(indent);
}

type Split = Pick<StoredFile, "documents" | "metadata">;

function splitMetadata(root: MapNode): Split {
  const sops = root.entries.find((entry) => entry.kind === "entry" && entry.key === METADATA_KEY);
  if (sops?.kind !== "entry" || sops.value.kind !== "map") return { documents: [root], metadata: undefined };
  const entries = root.entries.filter((entry) => entry !== sops);
  const document: MapNode = { kind: "map", entries, ...(root.span === undefined ? {} : { span: root.span }) };
  return { documents: [document], metadata: sops.value };
}

function joinMetadata(document: MapNode | undefined, metadata: MapNode | undefined): MapNode {
  const entries = document?.entries ?? [];
  if (metadata === undefined) return { kind: "map", entries };
  return { kind: "map", entries: [...entries, { kind: "entry", key: METADATA_KEY, value: metadata }] };
}

/**
 * The document and its metadata are one object in the text, so both are put back together: the metadata at its old
 * place, everything else around it.
 */
function rewriteJson(old: StoredFile, document: MapNode | undefined, metadata: MapNode): string {
  const text = old.text;
  const root = readJson(text);
  const before = entriesOf(root);
  const place = before.findIndex((entry) => entry.key === METADATA_KEY);
  const oldSops = before[place];
  const oldEntries = entriesOf(old.documents[0] ?? root);
  const sops: EntryNode = {
    kind: "entry",
    key: METADATA_KEY,
    value: metadata,
    ...(oldSops === undefined ? {} : { was: oldSops }),
  };
  const kept = oldEntries.slice(0, Math.max(place, 0));
  const entries = document === undefined ? [] : entriesOf(document);
  const lead = place === oldEntries.length ? entries.length : leadingCount(entries, kept);
  const oldRoot: MapNode = {
    ...root,
    entries: [...kept, ...(oldSops === undefined ? [] : [oldSops]), ...oldEntries.slice(kept.length)],
  };
  const newRoot: MapNode = {
    kind: "map",
    entries: [...entries.slice(0, lead), sops, ...entries.slice(lead)],
    was: oldRoot,
  };
  const span = root.span ?? { start: 0, end: text.length };
  const body = new JsonRewriter(text, oldRoot).container(newRoot, oldRoot, 0);
  return text.slice(0, span.start) + body + text.slice(span.end);
}

/** How many of the new entries stand before the metadata: up to the last one that stood there before. */
function leadingCount(entries: readonly EntryNode[], kept: readonly EntryNode[]): number {
  const old = new Set<EntryNode>(kept);
  for (let i = entries.length; i > 0; i--) {
    const entry = entries[i - 1];
    if (entry !== undefined && (old.has(entry) || (entry.was !== undefined && old.has(entry.was)))) return i;
  }
  return 0;
}

type Member = EntryNode | ValueNode;

class JsonRewriter {
  readonly #text: string;
  readonly #layout: JsonLayout;

  constructor(text: string, root: MapNode) {
    this.#text = text;
    this.#layout = layoutOf(text, root);
  }

  /** `node` in the layout of `was`, which it replaces. */
  container(node: MapNode | ListNode, was: MapNode | ListNode, depth: number): string {
    const members = membersOf(node);
    const old = membersOf(was);
    const first = old[0]?.span;
    const last = old.at(-1)?.span;
    if (was.span === undefined || first === undefined || last === undefined || members.length === 0) {
      return writeJsonValue(node, this.#layout, depth);
    }
    const head = this.#text.slice(was.span.start, first.start);
    const tail = this.#text.slice(last.end, was.span.end);
    const next = new Map(old.map((member, i) => [member, old[i + 1]]));
    const usual = this.#between(first, old[1]?.span) ?? `,${head.slice(1)}`;
    let result = head;
    for (const [i, member] of members.entries()) {
      const before = i === 0 ? undefined : originalOf(members[i - 1]);
      const own = originalOf(member);
      if (i > 0) {
        const adjacent = before !== undefined && own !== undefined && next.get(before) === own;
        result += (adjacent ? this.#between(before?.span, own?.span) : undefined) ?? usual;
      }
      result += this.#member(member, depth + 1);
    }
    return result + tail;
  }

  #member(member: Member, depth: number): string {
    if (member.span !== undefined) return this.#text.slice(member.span.start, member.span.end);
    if (member.kind !== "entry") return this.#value(member, depth);
    const { was } = member;
    if (was?.span === undefined || was.value.span === undefined) {
      return writeJsonMember(member, this.#layout, depth);
    }
    return this.#text.slice(was.span.start, was.value.span.start) + this.#value(member.value, depth);
  }

  #value(node: ValueNode, depth: number): string {
    if (node.span !== undefined) return this.#text.slice(node.span.start, node.span.end);
    if (node.kind === "scalar" || node.was === undefined) return writeJsonValue(node, this.#layout, depth);
    return this.container(node, node.was, depth);
  }

  #between(a: Span | undefined, b: Span | undefined): string | undefined {
    return a === undefined || b === undefined ? undefined : this.#text.slice(a.end, b.start);
  }
}

function membersOf(node: MapNode | ListNode): Member[] {
  return node.kind === "map" ? entriesOf(node) : itemsOf(node);
}

/** The member of the old tree that this one is, or replaces. */
function originalOf(member: Member | undefined): Member | undefined {
  if (member === undefined || member.span !== undefined) return member;
  return member.kind === "scalar" ? undefined : member.was;
}

/** The indentation of the outermost level, which all the others repeat in any file that a program wrote. */
function layoutOf(text: string, root: MapNode): JsonLayout {
  const first = entriesOf(root)[0]?.span;
  const head = root.span === undefined || first === undefined ? "" : text.slice(root.span.start + 1, first.start);
  const newline = head.includes("\r\n") ? "\r\n" : "\n";
  const indent = head.includes("\n") ? head.slice(head.lastIndexOf("\n") + 1) : undefined;
  return { indent, newline };
}
