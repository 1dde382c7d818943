/**
 * A plain tree to an encrypted one. A node that still says what its `origin` said comes back as that very object, so
 * that the store can keep its bytes; everything else is new, with `was` pointing to what it replaces.
 */
import { SecretsError } from "../errors.ts";
import { type DataKey, sealValue } from "./cipher.ts";
import { MacHasher } from "./mac.ts";
import { recallOpened } from "./opened.ts";
import { sameScalar, scalarBytes } from "./scalar.ts";
import type { SelectorRule } from "./selectors.ts";
import type { CommentNode, EntryNode, ListNode, MapNode, ScalarNode, ScalarValue, TreeNode } from "./tree.ts";
import { type LeafPlace, type Walker, walkDocuments } from "./walk.ts";

export interface EncryptOptions {
  readonly rule: SelectorRule;
  readonly macOnlyEncrypted: boolean;
  readonly key: DataKey;
  readonly dataKey: Uint8Array;
}

export interface EncryptedTree {
  readonly documents: MapNode[];
  readonly digest: string;
}

/**
 * @throws SecretsError `E_SELECTOR_AMBIGUOUS` when a comment selector would pick other values on reading than it did
 *   on writing: sops writes such files and cannot open them again. `E_NOT_REPRESENTABLE` for a value in clear that
 *   text cannot hold.
 */
export function encryptTree(documents: readonly MapNode[], options: EncryptOptions): EncryptedTree {
  const hasher = new MacHasher(options.macOnlyEncrypted);
  const verdicts: boolean[] = [];
  const encrypted = walkDocuments(documents, options.rule, createWalker(options, hasher, verdicts));
  if (options.rule.byComments) refuseOtherReading(encrypted, options.rule, verdicts);
  return { documents: encrypted, digest: hasher.digest() };
}

function createWalker(options: EncryptOptions, hasher: MacHasher, verdicts: boolean[]): Walker {
  const scalar = (node: ScalarNode, place: LeafPlace): ScalarNode => {
    verdicts.push(place.encrypted);
    const stored = sealScalar(node, place, options);
    // Of a value in clear the reader hashes what the text says, not what was meant.
    hasher.add(place.encrypted ? node.scalar : stored.scalar, place.encrypted);
    return stored;
  };
  return {
    scalar,
    item: scalar,
    comment(node, place) {
      verdicts.push(place.encrypted);
      const kept = keepComment(node, place, options);
      if (kept?.kind === "comment") return kept;
      const text = sealComment(node, place, options) ?? node.text;
      // Plain text shows every comment on a line of its own; one that stood beside a value stays there.
      const inline = node.origin?.kind === "comment" && node.origin.inline === true;
      return inline ? { kind: "comment", text, inline } : { kind: "comment", text };
    },
    itemComment(node, place) {
      verdicts.push(place.encrypted);
      const kept = keepComment(node, place, options);
      if (kept !== undefined) return kept;
      const value = sealComment(node, place, options);
      if (value === undefined) return { kind: "comment", text: node.text };
      return { kind: "scalar", scalar: { type: "str", value } };
    },
    entry(node, value) {
      const was = node.origin;
      if (was !== undefined && was.key === node.key) return was.value === value ? was : { ...entry(node, value), was };
      return entry(node, value);
    },
    map(node, entries) {
      const was = node.origin;
      if (was === undefined) return { kind: "map", entries };
      return sameItems(was.entries, entries) ? was : { kind: "map", entries, was };
    },
    list(node, items) {
      const was = node.origin;
      if (was === undefined) return { kind: "list", items };
      return sameItems(was.items, items) ? was : { kind: "list", items, was };
    },
  };
}

function entry(node: EntryNode, value: EntryNode["value"]): EntryNode {
  return { kind: "entry", key: node.key, value };
}

function sealScalar(node: ScalarNode, place: LeafPlace, options: EncryptOptions): ScalarNode {
  const { scalar, origin } = node;
  const empty = scalar.type === "null" || (scalar.type === "str" && scalar.value === "");
  if (origin?.kind === "scalar") {
    if (!place.encrypted || empty) {
      if (sameScalar(origin.scalar, scalar)) return origin;
    } else {
      const old = recallOpened(origin, place.aad, options.dataKey);
      if (old?.kind === "scalar" && sameScalar(old.scalar, scalar)) return origin;
    }
  }
  if (!place.encrypted || empty) return { kind: "scalar", scalar: clearScalar(scalar, place) };
  const type = scalar.type === "bytes" ? "str" : scalar.type;
  const value = sealValue(type, scalarBytes(scalar), options.key, place.aad);
  return { kind: "scalar", scalar: { type: "str", value } };
}

/** A value as plain text can hold it: `-0` reads back as the integer 0, and bytes that are no text have no text. */
function clearScalar(scalar: ScalarValue, place: LeafPlace): ScalarValue {
  if (scalar.type === "float" && Object.is(scalar.value, -0)) return { type: "float", value: 0 };
  if (scalar.type !== "bytes") return scalar;
  throw new SecretsError("E_NOT_REPRESENTABLE", "A value that is not text cannot be kept in clear.", {
    location: { keyPath: place.keyPath() },
    hint: "Encode the value, for example as base64, or put it under a key that is encrypted.",
  });
}

/**
 * The old node of a comment that did not change. A comment that an old sops left in clear where it would be encrypted
 * today stays in clear as well: encrypting it is the person's decision, and `clearLeaves` names it.
 */
function keepComment(node: CommentNode, place: LeafPlace, options: EncryptOptions): TreeLeaf | undefined {
  const { origin, text } = node;
  if (origin === undefined) return undefined;
  const old = recallOpened(origin, place.aad, options.dataKey);
  if (old !== undefined) return place.encrypted && old.kind === "comment" && old.text === text ? origin : undefined;
  return origin.kind === "comment" && origin.text === text ? origin : undefined;
}

type TreeLeaf = CommentNode | ScalarNode;

/** undefined for a comment that is to stay as it is; an empty comment has nothing to encrypt. */
function sealComment(node: CommentNode, place: LeafPlace, options: EncryptOptions): string | undefined {
  if (!place.encrypted || node.text === "") return undefined;
  return sealValue("comment", Buffer.from(node.text, "utf8"), options.key, place.aad);
}

function sameItems(a: readonly TreeNode[], b: readonly TreeNode[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

/** Walks the result as a reader would, and compares its verdict on every leaf with the one it was written by. */
function refuseOtherReading(documents: readonly MapNode[], rule: SelectorRule, verdicts: readonly boolean[]): void {
  let next = 0;
  const check = <T extends TreeNode>(node: T, place: LeafPlace): T => {
    const written = verdicts[next++];
    if (written === place.encrypted) return node;
    throw new SecretsError("E_SELECTOR_AMBIGUOUS", "The comment selector of this document cannot be applied here.", {
      location: { keyPath: place.keyPath() },
      hint: "Once encrypted, the comments above this value no longer say the same; keep a single marker comment above it.",
    });
  };
  const keep = <T>(node: T): T => node;
  walkDocuments(documents, rule, {
    scalar: check,
    item: check,
    comment: check,
    itemComment: check,
    entry: keep,
    map: (node: MapNode) => node,
    list: (node: ListNode) => node,
  });
}
