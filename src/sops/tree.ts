/**
 * The tree that every store reads into and writes from. The same types hold the encrypted and the plain side of a
 * document: in an encrypted tree the values are `ENC[…]` strings, in a plain tree they are what the person typed.
 *
 * Two links make small diffs possible, and all byte preservation rests on them:
 * - `span` says which characters of the source text a node came from. A store that writes a tree back copies the
 *   characters of every node that is still *the same object* as in the tree it read.
 * - `origin` on a plain node points to the encrypted node it was decrypted from, so that a value that did not change
 *   gets its old node, and with it its old bytes, back.
 *
 * Nodes are never changed after they are built; an edit makes new nodes along the path and shares the rest.
 */

/** Half-open range of UTF-16 offsets into the text that was read. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ScalarValue =
  | { readonly type: "str"; readonly value: string }
  /** Bytes that are not valid UTF-8; only binary documents have them. */
  | { readonly type: "bytes"; readonly value: Uint8Array }
  /** 64-bit signed. */
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  /** A YAML timestamp, kept as RFC 3339 text with nanoseconds if any: the only form that sops hashes and stores. */
  | { readonly type: "time"; readonly value: string }
  | { readonly type: "null" };

export interface ScalarNode {
  readonly kind: "scalar";
  readonly scalar: ScalarValue;
  readonly span?: Span;
  readonly origin?: TreeNode;
}

/** A comment, as an entry of a map or an item of a list. `text` is everything after the comment sign. */
export interface CommentNode {
  readonly kind: "comment";
  readonly text: string;
  /** It stood behind a value on the value's own line; it then belongs to the entry that *follows* it in the list. */
  readonly inline?: boolean;
  readonly span?: Span;
  readonly origin?: CommentNode | ScalarNode;
}

export interface EntryNode {
  readonly kind: "entry";
  readonly key: string;
  readonly value: ValueNode;
  /** From the first character of the key to the end of the value, without the line break. */
  readonly span?: Span;
  /** In a plain tree: the encrypted entry it was decrypted from. */
  readonly origin?: EntryNode;
  /** In an encrypted tree that was changed: the entry it replaces, so that a store can keep the key's own bytes. */
  readonly was?: EntryNode;
}

export interface MapNode {
  readonly kind: "map";
  readonly entries: readonly (EntryNode | CommentNode)[];
  readonly span?: Span;
  readonly origin?: MapNode;
  readonly was?: MapNode;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly (ValueNode | CommentNode)[];
  readonly span?: Span;
  readonly origin?: ListNode;
  readonly was?: ListNode;
}

export type ValueNode = ScalarNode | MapNode | ListNode;
export type TreeNode = ValueNode | CommentNode | EntryNode;

/** Map keys and list indexes from the document's root. */
export type KeyPath = readonly (string | number)[];
