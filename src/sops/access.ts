/**
 * Reading and changing single values of plain documents. Changes copy the nodes along the path and share the rest, so
 * that everything else keeps its origin. A path starts in the first document that has its first key.
 */
import { type ErrorCode, SecretsError } from "../errors.ts";
import { sameScalar } from "./scalar.ts";
import type { CommentNode, EntryNode, KeyPath, ListNode, MapNode, ValueNode } from "./tree.ts";

type Component = string | number;

/** The value at a key path; undefined when any part of the path is missing. Comments do not count as list items. */
export function getAt(documents: readonly MapNode[], path: KeyPath): ValueNode | undefined {
  let node: ValueNode | undefined = documents[documentOf(documents, path)];
  for (const component of path) node = node === undefined ? undefined : childOf(node, component);
  return node;
}

/**
 * The documents with `value` at the path; missing maps and lists on the way are made, a list takes one item more.
 * @throws SecretsError `E_PATH_INTO_VALUE` when the path leads through a scalar, `E_PATH_INDEX` for an index that is
 *   negative or leaves a gap, or a key in a list, `E_PATH_EMPTY` for a path that names no entry.
 */
export function setAt(documents: readonly MapNode[], path: KeyPath, value: ValueNode): MapNode[] {
  return change(documents, path, (root) => put(root, path, 0, value));
}

/**
 * The documents without the value at the path. Comments above it stay.
 * @throws SecretsError `E_PATH_MISSING` when there is nothing, else as {@link setAt}.
 */
export function removeAt(documents: readonly MapNode[], path: KeyPath): MapNode[] {
  return change(documents, path, (root) => take(root, path, 0));
}

function change(documents: readonly MapNode[], path: KeyPath, changed: (root: MapNode) => ValueNode): MapNode[] {
  if (path.length === 0)
    throw fault("E_PATH_EMPTY", "The key path names no entry.", path, "Name a key behind the '#'.");
  const at = documentOf(documents, path);
  const root = changed(documents[at] ?? { kind: "map", entries: [] });
  const result = [...documents];
  result[at] = root as MapNode;
  return result;
}

function documentOf(documents: readonly MapNode[], path: KeyPath): number {
  const [first] = path;
  if (first === undefined) return 0;
  return Math.max(
    0,
    documents.findIndex((document) => childOf(document, first) !== undefined),
  );
}

function childOf(node: ValueNode, component: Component): ValueNode | undefined {
  if (node.kind === "map") return entryOf(node, component)?.value;
  if (node.kind === "scalar" || typeof component !== "number") return undefined;
  return valuesOf(node)[component];
}

function put(node: ValueNode, path: KeyPath, depth: number, value: ValueNode): ValueNode {
  const component = path[depth];
  if (component === undefined) return keepSame(node, value);
  if (node.kind === "scalar") throw intoValue(path, depth);
  if (node.kind === "map") {
    const old = entryOf(node, component);
    const inner = put(old?.value ?? emptyFor(path, depth + 1), path, depth + 1, value);
    const entry: EntryNode = { ...(old ?? { kind: "entry", key: String(component) }), value: inner };
    return replaceEntry(node, old, entry);
  }
  const index = indexOf(node, component, path, valuesOf(node).length);
  const inner = put(valuesOf(node)[index] ?? emptyFor(path, depth + 1), path, depth + 1, value);
  return replaceItem(node, index, inner);
}

/** Setting a value to what it is keeps the old node, and with it the old ciphertext. */
function keepSame(old: ValueNode, value: ValueNode): ValueNode {
  return old.kind === "scalar" && value.kind === "scalar" && sameScalar(old.scalar, value.scalar) ? old : value;
}

function take(node: ValueNode, path: KeyPath, depth: number): ValueNode {
  const component = path[depth];
  if (node.kind === "scalar" || component === undefined) throw intoValue(path, depth);
  const last = depth === path.length - 1;
  if (node.kind === "map") {
    const old = entryOf(node, component);
    if (old === undefined) throw missing(path);
    return replaceEntry(node, old, last ? undefined : { ...old, value: take(old.value, path, depth + 1) });
  }
  const index = indexOf(node, component, path, valuesOf(node).length - 1);
  const old = valuesOf(node)[index];
  if (old === undefined) throw missing(path);
  return replaceItem(node, index, last ? undefined : take(old, path, depth + 1));
}

function replaceEntry(node: MapNode, old: EntryNode | undefined, entry: EntryNode | undefined): MapNode {
  const added = entry === undefined ? [] : [entry];
  if (old === undefined) return { ...node, entries: [...node.entries, ...added] };
  return { ...node, entries: node.entries.flatMap((child) => (child === old ? added : [child])) };
}

function replaceItem(node: ListNode, index: number, value: ValueNode | undefined): ListNode {
  const added = value === undefined ? [] : [value];
  const values = valuesOf(node);
  if (index >= values.length) return { ...node, items: [...node.items, ...added] };
  const position = positions(node)[index];
  return { ...node, items: node.items.flatMap((item, i) => (i === position ? added : [item])) };
}

function emptyFor(path: KeyPath, depth: number): ValueNode {
  return typeof path[depth] === "number" ? { kind: "list", items: [] } : { kind: "map", entries: [] };
}

function entryOf(node: MapNode, component: Component): EntryNode | undefined {
  const key = String(component);
  for (const entry of node.entries) if (entry.kind === "entry" && entry.key === key) return entry;
  return undefined;
}

function valuesOf(node: ListNode): ValueNode[] {
  return node.items.filter((item): item is Exclude<ValueNode | CommentNode, CommentNode> => item.kind !== "comment");
}

function positions(node: ListNode): number[] {
  return node.items.flatMap((item, i) => (item.kind === "comment" ? [] : [i]));
}

function indexOf(node: ListNode, component: Component, path: KeyPath, highest: number): number {
  if (typeof component === "number" && Number.isInteger(component) && component >= 0 && component <= highest)
    return component;
  const count = valuesOf(node).length;
  const message = `The list on this key path has ${count} ${count === 1 ? "item" : "items"}, and no place of that name.`;
  throw fault("E_PATH_INDEX", message, path, `Use an index from 0 to ${highest}.`);
}

function intoValue(path: KeyPath, depth: number): SecretsError {
  const hint = "Remove that value first if a map is to take its place.";
  return fault("E_PATH_INTO_VALUE", "The key path leads through a single value.", path.slice(0, depth), hint);
}

function missing(path: KeyPath): SecretsError {
  return fault("E_PATH_MISSING", "There is nothing at this key path.", path, "List the keys with 'secrets ls'.");
}

function fault(code: ErrorCode, message: string, keyPath: KeyPath, hint: string): SecretsError {
  return new SecretsError(code, message, { kind: "usage", location: { keyPath }, hint });
}
