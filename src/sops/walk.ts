/**
 * The walk over a document that decrypting, encrypting and checking share: depth first, in document order, with the
 * additional data and the selector's verdict for every leaf (sops 3.13.3, `walkBranch` and `walkSlice`).
 */
import type { SelectorRule } from "./selectors.ts";
import type { CommentNode, EntryNode, KeyPath, ListNode, MapNode, ScalarNode, ValueNode } from "./tree.ts";

/** Where the walk stands when it meets a leaf. */
export interface LeafPlace {
  /** Key path as sops authenticates it: keys joined by `:`, list indexes left out, a final `:`. */
  readonly aad: string;
  /** Whether the selector wants this leaf encrypted. */
  readonly encrypted: boolean;
  /** Built only when asked for: errors and findings need it, the walk does not. */
  keyPath(): KeyPath;
}

/**
 * What becomes of each node. The walk never changes a node; it hands the results of the children to the parent.
 * Lists have methods of their own since a comment of a list is stored encrypted as an item, and turns back on reading.
 */
export interface Walker {
  scalar(node: ScalarNode, place: LeafPlace): ScalarNode;
  comment(node: CommentNode, place: LeafPlace): CommentNode;
  item(node: ScalarNode, place: LeafPlace): ScalarNode | CommentNode;
  itemComment(node: CommentNode, place: LeafPlace): CommentNode | ScalarNode;
  entry(node: EntryNode, value: ValueNode): EntryNode;
  map(node: MapNode, entries: readonly (EntryNode | CommentNode)[]): MapNode;
  list(node: ListNode, items: readonly (ValueNode | CommentNode)[]): ListNode;
}

/** The scope of one map or list. `hit` is the selector's question, answered for everything in it. */
interface Scope {
  readonly prefix: string;
  readonly hit: boolean;
}

/** Walks the documents in order; a document's walk starts with an empty key path. */
export function walkDocuments(documents: readonly MapNode[], rule: SelectorRule, walker: Walker): MapNode[] {
  const walk = new Walk(rule, walker);
  return documents.map((document) => walk.map(document, { prefix: "", hit: false }));
}

class Walk {
  readonly #rule: SelectorRule;
  readonly #walker: Walker;
  readonly #path: (string | number)[] = [];

  constructor(rule: SelectorRule, walker: Walker) {
    this.#rule = rule;
    this.#walker = walker;
  }

  map(node: MapNode, scope: Scope): MapNode {
    // Comments act on the next entry in the same map, however many stand above it, and then no more.
    let above = false;
    const entries = node.entries.map((child): EntryNode | CommentNode => {
      if (child.kind === "comment") {
        const hit = this.#rule.comment(child.text);
        const result = this.#walker.comment(child, this.#commentPlace(scope, above, hit));
        above ||= hit;
        return result;
      }
      const hit = scope.hit || above || this.#rule.key(child.key);
      const inner = { prefix: `${scope.prefix}${child.key}:`, hit };
      above = false;
      this.#path.push(child.key);
      const { value } = child;
      const result =
        value.kind === "scalar" ? this.#walker.scalar(value, this.#place(inner)) : this.#container(value, inner);
      this.#path.pop();
      return this.#walker.entry(child, result);
    });
    return this.#walker.map(node, entries);
  }

  #list(node: ListNode, scope: Scope): ListNode {
    let above = false;
    let index = 0;
    const items = node.items.map((item) => {
      if (item.kind === "comment") {
        const hit = this.#rule.comment(item.text);
        const result = this.#walker.itemComment(item, this.#commentPlace(scope, above, hit));
        above ||= hit;
        return result;
      }
      const inner = { prefix: scope.prefix, hit: scope.hit || above };
      above = false;
      this.#path.push(index);
      const result =
        item.kind === "scalar" ? this.#walker.item(item, this.#place(inner)) : this.#container(item, inner);
      this.#path.pop();
      // Indexes count values; an encrypted comment is stored as an item and turns out not to be one.
      if (result.kind !== "comment") index++;
      return result;
    });
    return this.#walker.list(node, items);
  }

  #container(node: MapNode | ListNode, scope: Scope): MapNode | ListNode {
    return node.kind === "map" ? this.map(node, scope) : this.#list(node, scope);
  }

  #commentPlace(scope: Scope, above: boolean, hit: boolean): LeafPlace {
    return this.#place({ prefix: scope.prefix, hit: scope.hit || above || (hit && this.#rule.hitsItself) });
  }

  #place(scope: Scope): LeafPlace {
    return {
      aad: scope.prefix === "" ? ":" : scope.prefix,
      encrypted: scope.hit === this.#rule.hitEncrypts,
      keyPath: () => [...this.#path],
    };
  }
}
