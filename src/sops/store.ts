/**
 * What each file format (`stores/{yaml,json,dotenv,ini,binary}`) offers the rest of the sops floor: text to tree and
 * tree to text. A store knows nothing of keys, ciphers or selectors; metadata is to it one more subtree.
 */
import type { MapNode } from "./tree.ts";

export type Format = "yaml" | "json" | "dotenv" | "ini" | "binary";

/**
 * A file as its store read it. `documents` never contain the metadata; `metadata` is the subtree under `sops`
 * (unflattened for dotenv and INI), or undefined for a plain file.
 */
export interface StoredFile {
  readonly format: Format;
  readonly text: string;
  /** One, or for a multi-document YAML file several, in order. */
  readonly documents: readonly MapNode[];
  readonly metadata: MapNode | undefined;
}

export interface WriteOptions {
  /** Blanks per level. YAML: 4 unless `.sops.yaml` says otherwise; JSON: −1 means a tab. */
  readonly indent?: number;
  /**
   * The caller reads the text back and compares all of it with what was meant: a rewrite need not do that itself. It
   * may then give a text that says something else, where otherwise it would write a larger part anew.
   */
  readonly unverified?: boolean;
}

export interface Store {
  readonly format: Format;
  /**
   * @throws SecretsError with a line and column for text that is not of this format, is nested too deep, has
   *   duplicate keys or aliases beyond the limit; always in bounded time and memory, whatever the bytes.
   */
  read(text: string): StoredFile;
  /** New text for a tree, as the newest sops would write it. Without metadata: the plain form a person edits. */
  write(documents: readonly MapNode[], metadata: MapNode | undefined, options?: WriteOptions): string;
  /**
   * New text for a changed tree in which everything that is still the same object as in `old` keeps its characters.
   * Nodes with `was` take over the layout of the node they replace. Falls back to `write` for the smallest part whose
   * old layout cannot carry the change (a flow collection, a tab-indented block).
   */
  rewrite(old: StoredFile, documents: readonly MapNode[], metadata: MapNode, options?: WriteOptions): string;
}
