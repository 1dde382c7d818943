/** Anchors and their repetitions. sops writes every alias out; a small text must not become a huge tree that way. */
import type { CommentNode, EntryNode, ValueNode } from "../../tree.ts";

type AnyNode = EntryNode | ValueNode | CommentNode;

/** Nodes that all aliases of a document together may add. */
const MAX_EXPANDED = 50_000;

export class Aliases {
  private readonly anchors = new Map<string, { value: ValueNode; size: number }>();
  private expanded = 0;
  /** An alias was expanded. */
  used = false;

  /** Remembers the value under the anchor, if there is one. */
  define(anchor: string | undefined, value: () => ValueNode): void {
    if (anchor === undefined) return;
    const node = value();
    this.anchors.set(anchor, { value: node, size: countNodes(node) });
  }

  /** A copy of what the anchor stands for. An anchor is unknown until its value has ended, so none contains itself. */
  expand(anchor: string): ValueNode | "unknown" | "too many" {
    const known = this.anchors.get(anchor);
    if (known === undefined) return "unknown";
    this.used = true;
    this.expanded += known.size;
    return this.expanded > MAX_EXPANDED ? "too many" : dropSpans(known.value);
  }
}

function countNodes(node: AnyNode): number {
  if (node.kind === "entry") return 1 + countNodes(node.value);
  if (node.kind === "map") return node.entries.reduce((sum, entry) => sum + countNodes(entry), 1);
  return node.kind === "list" ? node.items.reduce((sum, item) => sum + countNodes(item), 1) : 1;
}

/** A copy of a node that stands nowhere in the text. */
export function dropSpans<T extends AnyNode>(node: T): T {
  return copyBare(node) as T;
}

function copyBare(node: AnyNode): AnyNode {
  switch (node.kind) {
    case "entry":
      return { kind: "entry", key: node.key, value: dropSpans(node.value) };
    case "map":
      return { kind: "map", entries: node.entries.map((entry) => dropSpans(entry)) };
    case "list":
      return { kind: "list", items: node.items.map((item) => dropSpans(item)) };
    case "scalar":
      return { kind: "scalar", scalar: node.scalar };
    case "comment":
      return node.inline ? { kind: "comment", text: node.text, inline: true } : { kind: "comment", text: node.text };
  }
}

/** How many maps and lists stand within each other, the node itself included. */
export function measureDepth(node: AnyNode): number {
  if (node.kind === "entry") return measureDepth(node.value);
  const children: readonly AnyNode[] = node.kind === "map" ? node.entries : node.kind === "list" ? node.items : [];
  let deepest = 0;
  for (const child of children) deepest = Math.max(deepest, measureDepth(child));
  return node.kind === "map" || node.kind === "list" ? deepest + 1 : 0;
}
