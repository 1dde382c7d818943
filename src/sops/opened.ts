/**
 * What each encrypted node turned out to hold. Encrypting an edited document asks here whether an old node still says
 * the same, and keeps it, ciphertext and all, if so. Weak: the memory goes with the document.
 */
import type { CommentNode, ScalarNode, TreeNode } from "./tree.ts";

interface Opened {
  readonly plain: ScalarNode | CommentNode;
  readonly aad: string;
  /** The raw data key; a node sealed with another key must not be kept. */
  readonly dataKey: Uint8Array;
}

const opened = new WeakMap<TreeNode, Opened>();

/** To be called for each node whose ciphertext was verified with this key and additional data. */
export function rememberOpened(
  node: TreeNode,
  plain: ScalarNode | CommentNode,
  aad: string,
  dataKey: Uint8Array,
): void {
  opened.set(node, { plain, aad, dataKey });
}

/** What the node holds, if it was opened with exactly this key and additional data. */
export function recallOpened(node: TreeNode, aad: string, dataKey: Uint8Array): ScalarNode | CommentNode | undefined {
  const found = opened.get(node);
  if (found === undefined || found.aad !== aad) return undefined;
  const sameKey = found.dataKey === dataKey || Buffer.compare(found.dataKey, dataKey) === 0;
  return sameKey ? found.plain : undefined;
}
