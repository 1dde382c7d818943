/**
 * The slow reader: every YAML that sops accepts, through the `yaml` library. It gives the same tree as the fast reader
 * where both can read, and is the one that says what is wrong with a text.
 */
import type { Alias, Document, Node, Pair, ParsedNode, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { type ErrorCode, SecretsError } from "../../../errors.ts";
import type { CommentNode, EntryNode, MapNode, ScalarNode, Span, ValueNode } from "../../tree.ts";
import { Aliases, dropSpans, measureDepth } from "./aliases.ts";
import { Comments } from "./comments.ts";
import { readScalar, readScalarValue } from "./compose-scalar.ts";
import { yamlFault } from "./fault.ts";
import { endOf, isAlias, isMap, isPair, isScalar } from "./library.ts";
import { MAX_NESTING } from "./limits.ts";
import { type Block, Outline } from "./outline.ts";
import { parseText, syntaxFault } from "./parse.ts";

/**
 * The documents of the text, metadata included.
 * @throws SecretsError with an E_YAML_… code, line and column.
 */
export function composeDocuments(text: string): MapNode[] {
  const { documents, comments } = parseText(text);
  if (documents.length === 0) {
    throw new SecretsError("E_YAML_EMPTY", "The YAML text has no document.", { hint: "Write at least `{}`." });
  }
  const source = new Comments(text, comments);
  return documents.map(({ document, start }, index) => {
    const from = index === 0 ? (text.startsWith("\uFEFF") ? 1 : 0) : start;
    const end = documents[index + 1]?.start ?? text.length;
    return new Compose(text, source).document(document, { start: from, end });
  });
}

class Compose {
  private readonly text: string;
  private readonly comments: Comments;
  private readonly outline = new Outline();
  private readonly aliases = new Aliases();

  constructor(text: string, comments: Comments) {
    this.text = text;
    this.comments = comments;
  }

  document(document: Document.Parsed<ParsedNode>, span: Span): MapNode {
    const root: Node | null = document.contents;
    const map = this.root(root, span);
    if (!this.aliases.used) return { ...map, span };
    if (measureDepth(map) > MAX_NESTING) throw this.nestingFault(span.start);
    // One stretch of text stands for several nodes here: such a document is only ever written anew.
    return { ...dropSpans(map), span };
  }

  private root(root: Node | null, span: Span): MapNode {
    const { outline } = this;
    const atEnd = span.end === this.text.length;
    if (root !== null && isMap(root)) {
      if (root.flow) {
        const map = this.flow(root) as MapNode;
        return { ...map, entries: [...map.entries, ...this.rest(span.end)] };
      }
      this.map(root);
      const tail = this.comments.settle(outline, span.end, -1, atEnd);
      while (outline.open.length > 1) outline.close();
      const top = outline.open[0];
      if (top !== undefined) {
        outline.fillNull(top);
        top.children.push(...tail);
      }
      return outline.close() as MapNode;
    }
    const value = root === null || !isScalar(root) ? undefined : readScalarValue(this.text, root);
    if (root !== null && value?.type !== "null") {
      const message = "The YAML document is not a map.";
      throw this.fault(
        "E_YAML_ROOT",
        message,
        root.range?.[0] ?? span.start,
        "sops files hold keys with values at the top.",
      );
    }
    return { kind: "map", entries: this.rest(span.end) };
  }

  private rest(end: number): CommentNode[] {
    return this.comments.take(end).map((comment) => comment.node);
  }

  /** A block map; its entries go to the outline, which is told to close it by what follows. */
  private map(map: YAMLMap): void {
    let block: Block | undefined;
    for (const pair of map.items) {
      const start = this.startOfPair(pair);
      block = this.enter(block, "map", start);
      const key = this.key(pair, start);
      if (block.keys?.has(key)) {
        throw this.fault(
          "E_YAML_DUPLICATE_KEY",
          "A key appears twice in the same map.",
          start,
          "Remove or rename one of them.",
        );
      }
      block.keys?.add(key);
      const colon = pair.srcToken?.sep?.find((token) => token.type === "map-value-ind")?.offset;
      // The library drops what stands below a key without a colon.
      if (colon === undefined && pair.srcToken?.value) throw syntaxFault("MISSING_CHAR", this.text, start);
      const end = colon === undefined ? endOf(pair.key) : colon + 1;
      block.waiting = { key, start, end, unmarked: colon === undefined };
      this.value(block, pair.value as Node | null, pair.srcToken?.value != null, end);
    }
  }

  private list(list: YAMLSeq): void {
    let block: Block | undefined;
    const tokens =
      (list.srcToken as { items?: { start: { type: string; offset: number }[]; value?: unknown }[] }).items ?? [];
    let index = 0;
    for (const token of tokens) {
      const dash = token.start.find((part) => part.type === "seq-item-ind");
      if (dash === undefined) continue;
      const item = list.items[index++] as Node | null;
      block = this.enter(block, "list", dash.offset);
      block.waiting = { key: "", start: dash.offset, end: dash.offset + 1 };
      this.value(block, item, token.value != null, dash.offset + 1);
    }
  }

  /** Settles the comments before a key or dash, closes what is nested deeper, opens the block on its first child. */
  private enter(block: Block | undefined, kind: "map" | "list", start: number): Block {
    const { outline } = this;
    const column = this.comments.columnOf(start);
    const heads = this.comments.settle(outline, start, column, false);
    if (block !== undefined) {
      while (outline.open.at(-1) !== block) outline.close();
      outline.fillNull(block);
    }
    const entered = block ?? outline.push(kind, column, start);
    entered.children.push(...heads);
    return entered;
  }

  /** The value behind a colon or dash that ends at `from`. */
  private value(block: Block, node: Node | null, written: boolean, from: number): void {
    const { outline, comments } = this;
    if (node === null || (!written && isScalar(node) && node.tag === undefined && node.anchor === undefined)) {
      if (block.kind === "map") block.children.push(...comments.takeLine(from, false));
      return;
    }
    if (!isAlias(node) && !isScalar(node) && !(node as YAMLMap).flow) {
      if (block.kind === "map") block.children.push(...comments.takeLine(from, false));
      const open = outline.open.length;
      if (isMap(node)) this.map(node);
      else this.list(node as YAMLSeq);
      this.aliases.define(node.anchor, () => this.finished(block, open));
      return;
    }
    const start = node.range?.[0] ?? from;
    block.children.push(...comments.take(start).map((comment) => comment.node));
    const value = isAlias(node)
      ? this.alias(node)
      : isScalar(node)
        ? readScalar(this.text, node)
        : this.flow(node as YAMLMap | YAMLSeq);
    const end = value.span?.end ?? endOf(node);
    const inside = isScalar(node) && node.type?.startsWith("BLOCK") ? start : end;
    const beside = comments.takeLine(inside, block.kind === "list" || value.kind === "scalar" || isAlias(node));
    const filled = value.kind === "scalar" || beside.length === 0 || block.kind === "list" || isAlias(node);
    if (filled) block.children.push(...beside);
    const bare = node.tag !== undefined || ("anchor" in node && node.anchor !== undefined);
    const placed = filled ? value : addFirst(value, beside);
    outline.add(block, bare ? dropOwnSpan(placed) : placed, end);
    if (!isAlias(node)) this.aliases.define(node.anchor, () => value);
  }

  /** The block collection that was just read into the outline, closed, so that an alias can repeat it. */
  private finished(block: Block, open: number): ValueNode {
    while (this.outline.open.length > open) this.outline.close();
    const last = block.children.at(-1);
    if (last === undefined || last.kind === "comment") throw new Error("a block has no value");
    return last.kind === "entry" ? last.value : last;
  }

  private alias(node: Alias): ValueNode {
    const value = this.aliases.expand(node.source);
    if (typeof value !== "string") return value;
    const start = node.range?.[0] ?? 0;
    if (value === "unknown") throw this.fault("E_YAML_ALIAS", "An alias refers to no anchor above it.", start);
    throw this.fault("E_YAML_ALIAS", "Aliases expand to more than the reader accepts.", start, "Write the values out.");
  }

  /** A collection in brackets. Its parts have no spans: a change inside writes the whole collection anew. */
  private flow(node: YAMLMap | YAMLSeq): ValueNode {
    const [start = 0, end = 0] = node.range ?? [];
    const children: (EntryNode | ValueNode | CommentNode)[] = [];
    const keys = new Set<string>();
    for (const item of node.items as (Pair | Node)[]) {
      const pair = isPair(item) ? item : undefined;
      const value = (pair === undefined ? item : pair.value) as Node | null;
      const from = pair === undefined ? ((item as Node).range?.[0] ?? start) : this.startOfPair(pair);
      const key = pair === undefined ? "" : this.key(pair, from);
      if (pair !== undefined && keys.has(key)) {
        throw this.fault(
          "E_YAML_DUPLICATE_KEY",
          "A key appears twice in the same map.",
          from,
          "Remove or rename one of them.",
        );
      }
      keys.add(key);
      children.push(...this.rest(value?.range?.[0] ?? from));
      const made = value === null ? NULL : this.flowValue(value);
      children.push(...this.comments.takeLine(Math.max(endOf(value), from), true, true));
      children.push(pair === undefined ? made : { kind: "entry", key, value: made });
      if (value !== null && !isAlias(value)) this.aliases.define(value.anchor, () => made);
    }
    children.push(...this.rest(end));
    const bare = children.map((child) => dropSpans(child));
    const span = { start, end };
    if (isMap(node)) return { kind: "map", entries: bare as MapNode["entries"], span };
    return { kind: "list", items: bare as ValueNode[], span };
  }

  private flowValue(node: Node): ValueNode {
    if (isAlias(node)) return this.alias(node);
    return isScalar(node) ? readScalar(this.text, node) : this.flow(node as YAMLMap | YAMLSeq);
  }

  private key(pair: Pair, start: number): string {
    const node = pair.key as Node | null;
    let value = node !== null && isScalar(node) ? readScalarValue(this.text, node) : undefined;
    if (node !== null && isAlias(node)) {
      const repeated = this.alias(node);
      if (repeated.kind === "scalar") value = repeated.scalar;
    }
    if (value?.type !== "str")
      throw this.fault("E_YAML_KEY", "A key is not a string.", start, "Put the key in quotes.");
    if (node !== null && !isAlias(node))
      this.aliases.define((node as Scalar).anchor, () => readScalar(this.text, node as Scalar));
    return value.value;
  }

  /** The first character of an entry: of its key, or of the `?`, tag or anchor before it. */
  private startOfPair(pair: Pair): number {
    const sign = pair.srcToken?.start.find((token) => ["anchor", "tag", "explicit-key-ind"].includes(token.type));
    const key = (pair.key as Node | null)?.range?.[0];
    return sign?.offset ?? key ?? 0;
  }

  private nestingFault(offset: number): SecretsError {
    return this.fault(
      "E_YAML_NESTING",
      `With its aliases written out, the YAML text is nested more than ${MAX_NESTING} levels deep.`,
      offset,
      "Flatten it.",
    );
  }

  private fault(code: ErrorCode, message: string, offset: number, hint?: string): SecretsError {
    return yamlFault(code, message, this.text, offset, hint);
  }
}

const NULL: ScalarNode = { kind: "scalar", scalar: { type: "null" } };

function addFirst(value: ValueNode, comments: readonly CommentNode[]): ValueNode {
  const bare = comments.map((comment) => dropSpans(comment));
  if (value.kind === "map") return { ...value, entries: [...bare, ...value.entries] };
  return value.kind === "list" ? { ...value, items: [...bare, ...value.items] } : value;
}

function dropOwnSpan(node: ValueNode): ValueNode {
  const { span: _, ...rest } = node;
  return rest as ValueNode;
}
