/** What tells, without any key, that two contents of a document are sealed with the same data key. */
import { hash } from "node:crypto";
import { SecretsError } from "../errors.ts";
import { isSealed } from "../sops/cipher.ts";
import { recipientsOf } from "../sops/metadata.ts";
import { parseSopsFile } from "../sops/sops-file.ts";
import type { Format } from "../sops/store.ts";
import type { CommentNode, EntryNode, ValueNode } from "../sops/tree.ts";

/**
 * One mark for each wrapped copy of the data key and for each sealed text (values, comments, the MAC). Two contents with
 * a mark in common have the same data key, since each is random and means nothing under another key.
 *
 * A sealed text counts whole. Its data and nonce alone would not do: sops 3.13.3 keeps the nonces when it makes a new
 * data key, and a value of one byte then comes out the same once in 256 times; the tag does not.
 * @returns none for what is no document: a version from before it was encrypted, or one with a merge's conflict in it
 */
export function dataKeyMarks(bytes: Uint8Array, format: Format): ReadonlySet<string> {
  const marks = new Set<string>();
  const add = (text: string) => {
    // Hashed: a short name for it, and no substring that keeps the whole text alive.
    if (text !== "") marks.add(hash("sha256", text, "base64"));
  };
  try {
    const { stored, metadata } = parseSopsFile(bytes, format);
    // Layout may change without the wrapped key: indented otherwise, or with other line ends.
    for (const { enc } of recipientsOf(metadata)) add(enc.replaceAll(/\s/g, ""));
    const visit = (node: ValueNode | CommentNode | EntryNode): void => {
      if (node.kind === "map") node.entries.forEach(visit);
      else if (node.kind === "list") node.items.forEach(visit);
      else if (node.kind === "entry") visit(node.value);
      else if (node.kind === "comment") addSealed(node.text);
      else if (node.scalar.type === "str") addSealed(node.scalar.value);
    };
    const addSealed = (text: string) => {
      if (isSealed(text.trim())) add(text.trim());
    };
    stored.documents.forEach(visit);
    addSealed(metadata.mac ?? "");
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return new Set();
  }
  return marks;
}

/** Whether two sets of marks are of the same data key. */
export function shareMark(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const mark of some) if (others.has(mark)) return true;
  return false;
}
