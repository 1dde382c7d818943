/** The YAML of `.sops.yaml` as nodes that know the range of their text: what edits are made on. */
import type { CST, Node, Pair, ParsedNode, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { isAlias, isMap, isPair, isScalar } from "../../../sops/stores/yaml/library.ts";
import { parseText } from "../../../sops/stores/yaml/parse.ts";
import { refusal } from "./fault.ts";

interface Placed {
  /** Where its anchor or tag begins, else its content. */
  readonly start: number;
  readonly content: number;
  /** Behind its last character that is no blank. */
  readonly end: number;
  readonly anchor: Anchor | undefined;
  /** What holds it; undefined for the root. */
  readonly entry: Entry | undefined;
}

export interface Anchor {
  readonly name: string;
  /** Of the `&`. */
  readonly start: number;
}

/** `block` is folded or literal; `empty` is nothing at all. */
export type TextStyle = "plain" | "single" | "double" | "block" | "empty";

export interface TextNode extends Placed {
  readonly kind: "text";
  readonly style: TextStyle;
  readonly text: string;
}

export interface AliasNode extends Placed {
  readonly kind: "alias";
  readonly name: string;
  /** What it stands for: never an alias itself. */
  readonly target: Exclude<SourceNode, AliasNode>;
}

interface Collected extends Placed {
  /** In brackets or braces. */
  readonly flow: boolean;
  readonly entries: readonly Entry[];
}

export interface ListNode extends Collected {
  readonly kind: "list";
}

export interface MapNode extends Collected {
  readonly kind: "map";
}

export type Collection = ListNode | MapNode;

/** An item of a list, from its dash; or a pair of a map, from its key. In brackets, items begin with themselves. */
export interface Entry {
  readonly owner: Collection;
  readonly index: number;
  readonly start: number;
  readonly end: number;
  /** Of a map. */
  readonly key: TextNode | AliasNode | undefined;
  readonly value: SourceNode;
}

export type SourceNode = TextNode | AliasNode | Collection;

export interface Source {
  /** Without byte order mark. */
  readonly text: string;
  readonly root: SourceNode | undefined;
  /** All nodes but keys of maps, in the order of the text, each collection before what it holds. */
  readonly nodes: readonly SourceNode[];
  readonly keys: readonly (TextNode | AliasNode)[];
  /** Offsets of all comment signs. */
  readonly comments: readonly number[];
}

/** Ten times what the largest fleets have. Edits look for neighbours and aliases, which is quadratic at worst. */
const MAX_NODES = 20_000;

/** @throws SecretsError `E_YAML_…`; `E_CONFIG_EDIT` for syntax that edits do not follow, and for more than 20,000 values */
export function readSource(text: string): Source {
  const { documents, comments } = parseText(text);
  if (documents.slice(1).some(({ document }) => !isNothing(document.contents))) {
    throw refusal(
      "This configuration has a second YAML document.",
      text.slice(0, documents[1]?.start).split("\n").length,
      "sops reads the first alone; remove the others.",
    );
  }
  const reader = new SourceReader(text);
  const contents = documents[0]?.document.contents;
  // Marks before the root belong to the document, where no node tells of them.
  const root = contents ? reader.read(contents, [], contents.range[0], undefined) : undefined;
  return { text, root, nodes: reader.nodes, keys: reader.keys, comments };
}

function isNothing(node: ParsedNode | null): boolean {
  return node === null || (isScalar(node) && node.range[0] === node.range[1]);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Walks in the order of the text: an alias stands for the last anchor of its name that has ended before it. */
class SourceReader {
  readonly nodes: SourceNode[] = [];
  readonly keys: (TextNode | AliasNode)[] = [];
  readonly #text: string;
  readonly #anchors = new Map<string, Exclude<SourceNode, AliasNode>>();

  constructor(text: string) {
    this.#text = text;
  }

  /** @param marks the tokens before the node, among which its anchor and tag are */
  read(node: Node, marks: readonly CST.SourceToken[], fallback: number, entry: Entry | undefined): SourceNode {
    const value = this.#read(node, this.#place(node, marks, fallback, entry));
    if (value.kind !== "alias" && value.anchor !== undefined) this.#anchors.set(value.anchor.name, value);
    return value;
  }

  #place(node: Node, marks: readonly CST.SourceToken[], fallback: number, entry: Entry | undefined): Mutable<Placed> {
    const [content, end] = node.range ?? [fallback, fallback];
    const own = marks.filter(({ type }) => type === "anchor" || type === "tag");
    const anchor = own.find(({ type }) => type === "anchor");
    const from = own.at(-1);
    // An empty value is where its marks end, not where the next thing begins.
    const at =
      content === end ? Math.max(fallback, from === undefined ? 0 : from.offset + from.source.length) : content;
    return {
      start: own[0]?.offset ?? at,
      content: at,
      end: at + this.#text.slice(at, end).trimEnd().length,
      anchor: anchor === undefined ? undefined : { name: anchor.source.slice(1), start: anchor.offset },
      entry,
    };
  }

  #read(node: Node, place: Mutable<Placed>): SourceNode {
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) throw this.#refuse(place.start);
      return this.#keep({ kind: "alias", ...place, name: node.source, target });
    }
    if (isScalar(node))
      return this.#keep({ kind: "text", ...place, style: styleOf(node), text: String(node.value ?? "") });
    const entries: Entry[] = [];
    const collection = this.#keep<Mutable<Collection>>({
      kind: isMap(node) ? "map" : "list",
      ...place,
      flow: (node as YAMLSeq).flow === true,
      entries,
    });
    if (isMap(node)) this.#readPairs(node, collection, entries);
    else this.#readItems(node as YAMLSeq<Node>, collection, entries);
    // What the library counts as part of a block may go on with blank lines and comments.
    if (!collection.flow) collection.end = entries.at(-1)?.end ?? collection.content;
    return collection;
  }

  #readItems(list: YAMLSeq<Node>, owner: Collection, entries: Entry[]): void {
    const { items } = list.srcToken as CST.BlockSequence | CST.FlowCollection;
    const tokens = items.filter(
      ({ start, value, key, sep }) => value || key || sep || start.some(({ type }) => MARKS.has(type)),
    );
    if (tokens.length !== list.items.length) throw this.#refuse(owner.start);
    for (const [index, item] of list.items.entries()) {
      const { start = [], key, sep } = tokens[index] ?? {};
      if (isPair(item) || key || sep) throw this.#refuse(owner.start);
      const dash = start.find(({ type }) => type === "seq-item-ind");
      const entry: Mutable<Entry> = { owner, index, start: 0, end: 0, key: undefined, value: owner };
      entry.value = this.read(item, start, dash === undefined ? owner.start : dash.offset + 1, entry);
      entry.start = dash?.offset ?? entry.value.start;
      entry.end = entry.value.end;
      entries.push(entry);
    }
  }

  #readPairs(map: YAMLMap, owner: Collection, entries: Entry[]): void {
    for (const [index, pair] of (map.items as Pair<Node, Node | null>[]).entries()) {
      const { start = [], sep = [] } = pair.srcToken ?? {};
      if (start.some(({ type }) => type === "explicit-key-ind")) throw this.#refuse(pair.key.range?.[0] ?? owner.start);
      const entry: Mutable<Entry> = { owner, index, start: 0, end: 0, key: undefined, value: owner };
      const key = this.read(pair.key, start, pair.key.range?.[0] ?? owner.start, entry);
      if (key.kind === "list" || key.kind === "map") throw this.#refuse(key.start);
      this.nodes.pop();
      this.keys.push(key);
      const colon = sep.find(({ type }) => type === "map-value-ind");
      const behind = colon === undefined ? key.end : colon.offset + 1;
      entry.key = key;
      entry.value =
        pair.value === null
          ? this.#keep({ kind: "text", ...emptyAt(behind, entry), style: "empty", text: "" })
          : this.read(pair.value, sep, behind, entry);
      entry.start = key.start;
      entry.end = entry.value.end;
      entries.push(entry);
    }
  }

  #keep<T extends SourceNode>(node: T): T {
    if (this.nodes.push(node) > MAX_NODES) {
      throw refusal(
        `This configuration has more than ${MAX_NODES} values.`,
        1,
        "Split it over folders, or edit it by hand.",
      );
    }
    return node;
  }

  #refuse(offset: number) {
    return refusal(
      "This configuration is written in a way that cannot be edited safely.",
      this.#text.slice(0, offset).split("\n").length,
      "Write it as plain lists and maps, or edit it by hand.",
    );
  }
}

function emptyAt(offset: number, entry: Entry): Placed {
  return { start: offset, content: offset, end: offset, anchor: undefined, entry };
}

/** The tokens before a value without which there is no item. */
const MARKS: ReadonlySet<string> = new Set(["seq-item-ind", "anchor", "tag"]);

function styleOf({ type, range }: Scalar): TextStyle {
  if (range?.[0] === range?.[1]) return "empty";
  if (type === "QUOTE_SINGLE") return "single";
  if (type === "QUOTE_DOUBLE") return "double";
  return type === "BLOCK_FOLDED" || type === "BLOCK_LITERAL" ? "block" : "plain";
}
