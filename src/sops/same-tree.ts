/** Equality of trees by what they say: layout, spans and links do not count. */
import type { CommentNode, EntryNode, ListNode, MapNode, ScalarValue, ValueNode } from "./tree.ts";

type Child = EntryNode | ValueNode | CommentNode;

/** Whether two nodes say the same. */
export function sameContent(one: Child, two: Child): boolean {
  if (one === two) return true;
  switch (one.kind) {
    case "comment":
      return two.kind === "comment" && one.text === two.text && (one.inline ?? false) === (two.inline ?? false);
    case "entry":
      return two.kind === "entry" && one.key === two.key && sameContent(one.value, two.value);
    case "map":
      return two.kind === "map" && sameChildren(one.entries, two.entries);
    case "list":
      return two.kind === "list" && sameChildren(one.items, two.items);
    case "scalar":
      return two.kind === "scalar" && sameScalar(one.scalar, two.scalar);
  }
}

/** Whether two trees hold the same values under the same keys in the same order, whatever their comments. */
export function sameValues(one: ValueNode, two: ValueNode): boolean {
  if (one === two) return true;
  if (one.kind === "scalar") return two.kind === "scalar" && sameScalar(one.scalar, two.scalar);
  if (two.kind === "scalar" || one.kind !== two.kind) return false;
  const left = childrenOf(one);
  const right = childrenOf(two);
  let at = 0;
  for (const child of left) {
    if (child.kind === "comment") continue;
    while (right[at]?.kind === "comment") at++;
    const other = right[at++];
    if (other === undefined || !sameEntries(child, other)) return false;
  }
  while (right[at]?.kind === "comment") at++;
  return at === right.length;
}

function childrenOf(node: MapNode | ListNode): readonly Child[] {
  return node.kind === "map" ? node.entries : node.items;
}

function sameEntries(one: Child, two: Child): boolean {
  if (one.kind === "entry") return two.kind === "entry" && one.key === two.key && sameValues(one.value, two.value);
  if (one.kind === "comment" || two.kind === "comment" || two.kind === "entry") return false;
  return sameValues(one, two);
}

function sameChildren(one: readonly Child[], two: readonly Child[]): boolean {
  return (
    one.length === two.length &&
    one.every((child, index) => {
      const other = two[index];
      return other !== undefined && sameContent(child, other);
    })
  );
}

function sameScalar(one: ScalarValue, two: ScalarValue): boolean {
  if (one.type === "null") return two.type === "null";
  if (two.type === "null" || one.type !== two.type) return false;
  if (one.type === "bytes" && two.type === "bytes") return Buffer.compare(one.value, two.value) === 0;
  return Object.is(one.value, two.value);
}
