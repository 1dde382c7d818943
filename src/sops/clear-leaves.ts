/** What stands in clear in an encrypted document although no selector exempts it: found without any key. */
import { isSealed, sealedType } from "./cipher.ts";
import { compileSelector } from "./selectors.ts";
import type { SopsFile } from "./sops-file.ts";
import type { CommentNode, KeyPath, MapNode, ScalarNode, Span } from "./tree.ts";
import { type LeafPlace, walkDocuments } from "./walk.ts";

export interface ClearLeaf {
  /** Of a comment, the path of the map or list that it stands in. */
  readonly keyPath: KeyPath;
  readonly kind: "value" | "comment";
  /** Into the document's text; `positionAt` tells line and column. */
  readonly span: Span | undefined;
}

/**
 * Values and comments that the selector wants encrypted and that are not. null and empty text never are encrypted.
 * Comments of old files can be in clear without anyone's fault; the caller weighs them by `kind`.
 */
export async function clearLeaves(file: SopsFile): Promise<ClearLeaf[]> {
  const found: ClearLeaf[] = [];
  const scalar = (node: ScalarNode, place: LeafPlace): ScalarNode => {
    const { scalar: value } = node;
    const clear = value.type === "str" ? value.value !== "" && !isSealed(value.value) : value.type !== "null";
    if (place.encrypted && clear) found.push({ keyPath: place.keyPath(), kind: "value", span: node.span });
    return node;
  };
  const comment = (node: CommentNode, place: LeafPlace): CommentNode => {
    const clear = node.text !== "" && !isSealed(node.text);
    if (place.encrypted && clear) found.push({ keyPath: place.keyPath(), kind: "comment", span: node.span });
    return node;
  };
  walkDocuments(file.stored.documents, await compileSelector(file.metadata.selector), {
    scalar,
    item(node, place) {
      scalar(node, place);
      // What turns out to be a comment does not count in the indexes of the items behind it.
      const isComment = node.scalar.type === "str" && sealedType(node.scalar.value) === "comment";
      return isComment ? { kind: "comment", text: "" } : node;
    },
    comment,
    itemComment: comment,
    entry: (node) => node,
    map: (node: MapNode) => node,
    list: (node) => node,
  });
  return found;
}
