/**
 * An encrypted tree to a plain one. Each plain node points to the encrypted node it came from (`origin`), and the MAC
 * is computed on the way, over what was read, exactly as sops 3.13.3 does.
 */
import { SecretsError } from "../errors.ts";
import { type DataKey, openValue } from "./cipher.ts";
import { MacHasher } from "./mac.ts";
import { rememberOpened } from "./opened.ts";
import { scalarFromBytes, textOrBytes } from "./scalar.ts";
import type { SelectorRule } from "./selectors.ts";
import { positionAt } from "./text.ts";
import type { CommentNode, MapNode, ScalarNode } from "./tree.ts";
import { type LeafPlace, type Walker, walkDocuments } from "./walk.ts";

export interface DecryptOptions {
  readonly rule: SelectorRule;
  readonly macOnlyEncrypted: boolean;
  readonly key: DataKey;
  /** The raw bytes of `key`; kept, not copied. */
  readonly dataKey: Uint8Array;
  /** The text that the spans of the tree point into: errors tell line and column. */
  readonly text: string;
}

export interface DecryptedTree {
  readonly documents: MapNode[];
  /** Upper-case hex of the hash over the values read; the caller compares it with the stored MAC. */
  readonly digest: string;
}

/**
 * @throws SecretsError `E_VALUE_DAMAGED` for a value that does not open under its key path, `E_VALUE_NOT_ENCRYPTED`
 *   for a value in clear that the selector wants encrypted; both with the key path, never with the value.
 */
export function decryptTree(documents: readonly MapNode[], options: DecryptOptions): DecryptedTree {
  const hasher = new MacHasher(options.macOnlyEncrypted);
  const plain = walkDocuments(documents, options.rule, createWalker(options, hasher));
  return { documents: plain, digest: hasher.digest() };
}

function createWalker(options: DecryptOptions, hasher: MacHasher): Walker {
  const openLeaf = (node: ScalarNode, place: LeafPlace): ScalarNode | CommentNode => {
    if (!place.encrypted) return { kind: "scalar", scalar: node.scalar, origin: node };
    return openScalar(node, place, options);
  };
  const hashed = (node: ScalarNode, place: LeafPlace): ScalarNode => {
    hasher.add(node.scalar, place.encrypted);
    return node;
  };
  const comment = (node: CommentNode, place: LeafPlace): CommentNode => openComment(node, place, options, hasher);
  return {
    scalar(node, place) {
      const plain = openLeaf(node, place);
      // `type:` is not authenticated: this is a value made out to be a comment, which would leave the hash.
      if (plain.kind === "comment") throw damaged(node, place, options);
      return hashed(plain, place);
    },
    item(node, place) {
      const plain = openLeaf(node, place);
      return plain.kind === "comment" ? plain : hashed(plain, place);
    },
    comment,
    itemComment: comment,
    entry: (node, value) => ({ kind: "entry", key: node.key, value, origin: node }),
    map: (node, entries) => ({ kind: "map", entries, origin: node }),
    list: (node, items) => ({ kind: "list", items, origin: node }),
  };
}

function openScalar(node: ScalarNode, place: LeafPlace, options: DecryptOptions): ScalarNode | CommentNode {
  const { scalar } = node;
  if (scalar.type === "null" || (scalar.type === "str" && scalar.value === "")) {
    return { kind: "scalar", scalar, origin: node };
  }
  const opened = scalar.type === "str" ? openValue(scalar.value, options.key, place.aad) : undefined;
  if (opened === undefined) {
    if (scalar.type !== "str" || !scalar.value.startsWith("ENC[")) throw notEncrypted(node, place, options);
    throw damaged(node, place, options);
  }
  let plain: ScalarNode | CommentNode;
  if (opened.type === "comment") {
    plain = { kind: "comment", text: Buffer.from(opened.bytes).toString("utf8"), origin: node };
  } else {
    const value = scalarFromBytes(opened.type, opened.bytes);
    if (value === undefined) throw damaged(node, place, options);
    plain = { kind: "scalar", scalar: value, origin: node };
  }
  rememberOpened(node, plain, place.aad, options.dataKey);
  return plain;
}

/** A comment that does not open is kept as it is: old versions of sops left comments in clear. */
function openComment(node: CommentNode, place: LeafPlace, options: DecryptOptions, hasher: MacHasher): CommentNode {
  const opened = place.encrypted ? openValue(node.text, options.key, place.aad) : undefined;
  if (opened === undefined) return { kind: "comment", text: node.text, origin: node };
  // sops hashes what is not marked as a comment; such files come from hand-edited types only.
  if (opened.type !== "comment") hasher.add(textOrBytes(opened.bytes), true);
  const plain: CommentNode = { kind: "comment", text: Buffer.from(opened.bytes).toString("utf8"), origin: node };
  rememberOpened(node, plain, place.aad, options.dataKey);
  return plain;
}

function damaged(node: ScalarNode, place: LeafPlace, options: DecryptOptions): SecretsError {
  return new SecretsError("E_VALUE_DAMAGED", "An encrypted value does not open: it was changed, moved or cut off.", {
    location: locate(node, place, options),
    hint: "Restore the value from git history; a value cannot be copied to another key by hand.",
  });
}

function notEncrypted(node: ScalarNode, place: LeafPlace, options: DecryptOptions): SecretsError {
  return new SecretsError("E_VALUE_NOT_ENCRYPTED", "A value is in clear although this document encrypts it.", {
    location: locate(node, place, options),
    hint: "Take the value out of the file, then set it again so that it is encrypted; treat it as exposed if committed.",
  });
}

function locate(node: ScalarNode, place: LeafPlace, options: DecryptOptions) {
  const keyPath = place.keyPath();
  return node.span === undefined ? { keyPath } : { keyPath, ...positionAt(options.text, node.span.start) };
}
