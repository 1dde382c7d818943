/**
 * The blocks that are open while a document is read, and the comments that wait for their place among them. Both readers
 * build their trees here, so that a comment lands in the same block whichever of them read the file.
 */
import type { CommentNode, EntryNode, ListNode, MapNode, ScalarNode, ValueNode } from "../../tree.ts";
import { placeComments, WITH_NEXT } from "./place-comments.ts";

export interface Block {
  readonly kind: "map" | "list";
  readonly column: number;
  readonly children: (EntryNode | ValueNode | CommentNode)[];
  readonly start: number;
  /** The keys met so far, in a map. */
  readonly keys: Set<string> | undefined;
  /** A key (or, in a list, a dash) whose value has not begun. */
  waiting: Waiting | undefined;
}

export interface Waiting {
  readonly key: string;
  /** Of the key's first character, or of the dash. */
  readonly start: number;
  /** Behind the colon, or behind the dash. */
  readonly end: number;
  /** There is no colon: nothing can be put there. */
  readonly unmarked?: boolean;
}

interface PendingComment {
  readonly node: CommentNode;
  readonly column: number;
  readonly gapAbove: boolean;
}

export class Outline {
  readonly open: Block[] = [];
  private pending: PendingComment[] = [];

  /** A comment on a line of its own; its place is decided when what follows it is known. */
  hold(text: string, start: number, end: number, column: number, gapAbove: boolean): void {
    const node: CommentNode = { kind: "comment", text: text.slice(start + 1, end), span: { start, end } };
    this.pending.push({ node, column, gapAbove });
  }

  /**
   * Gives every waiting comment to the open block it belongs to and returns those that go with what follows.
   * `next` is the column of what follows, or −1 at the end of a document.
   */
  settle(next: number, dash: boolean, gapBelow: boolean, atEnd: boolean): CommentNode[] {
    if (this.pending.length === 0) return [];
    const { open, pending } = this;
    const top = open.at(-1);
    const afterKey = top?.kind === "map" && top.waiting !== undefined;
    this.pending = [];
    // Between a key and the block below it there is nothing but that block to belong to.
    const opens = top?.waiting !== undefined && (next > top.column || (dash && afterKey && next === top.column));
    if (opens) return pending.map((comment) => comment.node);
    const places = placeComments(pending, { open, next, gapBelow, atEnd, afterKey });
    const heads: CommentNode[] = [];
    for (const [index, { node }] of pending.entries()) {
      const place = places[index] ?? WITH_NEXT;
      const block = open[place];
      if (block === undefined) {
        heads.push(node);
        continue;
      }
      // What waited for a value has none; the null comes before the comment.
      if (block === top) this.fillNull(block);
      else for (let depth = open.length - 1; depth > place; depth--) this.close();
      block.children.push(node);
    }
    return heads;
  }

  /** Opens a block below the innermost one. */
  push(kind: "map" | "list", column: number, start: number): Block {
    const keys = kind === "map" ? new Set<string>() : undefined;
    const block: Block = { kind, column, children: [], start, keys, waiting: undefined };
    this.open.push(block);
    return block;
  }

  /** Ends the innermost block and hands it, as a value, to the one around it; returns it if there is none. */
  close(): MapNode | ListNode | undefined {
    const block = this.open.pop();
    if (block === undefined) return undefined;
    this.fillNull(block);
    const span = { start: block.start, end: block.children.at(-1)?.span?.end ?? block.start };
    const node = finishBlock(block, span);
    const around = this.open.at(-1);
    if (around === undefined) return node;
    this.add(around, node, span.end);
    return undefined;
  }

  /** Adds a value to a block: under the key that waits there, or as an item. */
  add(block: Block, value: ValueNode, end: number): void {
    const { waiting } = block;
    block.waiting = undefined;
    if (block.kind === "list") block.children.push(value);
    else if (waiting !== undefined) {
      block.children.push({ kind: "entry", key: waiting.key, value, span: { start: waiting.start, end } });
    }
  }

  /** A key or dash without anything behind it stands for null. */
  fillNull(block: Block): void {
    if (block.waiting === undefined) return;
    const { end, unmarked } = block.waiting;
    const nothing: ScalarNode = { kind: "scalar", scalar: { type: "null" } };
    this.add(block, unmarked ? nothing : { ...nothing, span: { start: end, end } }, end);
  }
}

function finishBlock(block: Block, span: { start: number; end: number }): MapNode | ListNode {
  if (block.kind === "list") return { kind: "list", items: block.children as (ValueNode | CommentNode)[], span };
  return { kind: "map", entries: block.children as (EntryNode | CommentNode)[], span };
}
