/**
 * The YAML store: sops' main format. Files in sops' own form are read by a fast reader of ours, all others by the
 * `yaml` library; both give the same trees. What did not change keeps its bytes; what is new is written as sops 3.13
 * writes it.
 */
import { SecretsError } from "../../errors.ts";
import type { Store, StoredFile } from "../store.ts";
import type { EntryNode, MapNode } from "../tree.ts";
import { emitDocuments, indentStep } from "./yaml/emit.ts";
import { readDocuments } from "./yaml/read.ts";
import { rewriteDocuments } from "./yaml/rewrite.ts";

const METADATA_KEY = "sops";

/** The document as it stands in the file, metadata included, of a document that was read. */
const wholeOf = new WeakMap<MapNode, MapNode>();

export const yamlStore: Store = {
  format: "yaml",

  read(text) {
    const whole = readDocuments(text);
    const documents = whole.map((document) => withoutMetadata(document));
    return { format: "yaml", text, documents, metadata: findMetadata(whole[0]) };
  },

  write(documents, metadata, options) {
    const whole = metadata === undefined ? documents : documents.map((document) => withMetadata(document, metadata));
    return emitDocuments(whole, indentStep(options?.indent));
  },

  rewrite(old, documents, metadata, options) {
    const before = wholeDocuments(old);
    const copied = before.slice(1).some((document) => metadataEntry(document) !== undefined);
    const after = documents.map((document, index) => {
      const named = old.documents.findIndex((one) => one === document || one === document.was);
      const whole = before[named !== -1 ? named : documents.length === before.length ? index : before.length];
      if (whole === undefined) return index === 0 || copied ? withMetadata(document, metadata) : document;
      return replaceMetadata(whole, document, metadata, index === 0);
    });
    return rewriteDocuments(old.text, before, after, options);
  },
};

function isMetadata(entry: MapNode["entries"][number]): entry is EntryNode {
  return entry.kind === "entry" && entry.key === METADATA_KEY;
}

function metadataEntry(document: MapNode | undefined): EntryNode | undefined {
  return document?.entries.find(isMetadata);
}

function findMetadata(document: MapNode | undefined): MapNode | undefined {
  const value = metadataEntry(document)?.value;
  if (value === undefined || value.kind === "map") return value;
  throw new SecretsError("E_YAML_METADATA", "The top-level key 'sops' does not hold a map.", {
    hint: "It is reserved for the metadata of an encrypted file; give your own key another name.",
    location: { keyPath: [METADATA_KEY] },
  });
}

function withoutMetadata(whole: MapNode): MapNode {
  if (!whole.entries.some(isMetadata)) return whole;
  const document: MapNode = { ...whole, entries: whole.entries.filter((entry) => !isMetadata(entry)) };
  wholeOf.set(document, whole);
  return document;
}

function withMetadata(document: MapNode, metadata: MapNode): MapNode {
  return { ...document, entries: [...document.entries, { kind: "entry", key: METADATA_KEY, value: metadata }] };
}

/** The documents of a file as they stand in its text; read again if this store did not read it itself. */
function wholeDocuments(old: StoredFile): readonly MapNode[] {
  const [first] = old.documents;
  const known = old.metadata === undefined || (first !== undefined && wholeOf.has(first));
  return known ? old.documents.map((document) => wholeOf.get(document) ?? document) : readDocuments(old.text);
}

/** A changed document with the metadata at its old place. Copies in further documents follow; deleted ones stay away. */
function replaceMetadata(whole: MapNode, document: MapNode, metadata: MapNode, needed: boolean): MapNode {
  const was = metadataEntry(whole);
  if (was === undefined && !needed) return { kind: "map", entries: document.entries, was: whole };
  const entry: EntryNode = { kind: "entry", key: METADATA_KEY, value: metadata, ...(was === undefined ? {} : { was }) };
  const entries = [...document.entries];
  entries.splice(metadataPlace(whole, entries), 0, was?.value === metadata ? was : entry);
  return { kind: "map", entries, was: whole };
}

/** Before the first entry that came after the metadata and still exists; at the end if there is none. */
function metadataPlace(whole: MapNode, entries: MapNode["entries"]): number {
  const after = new Set(whole.entries.slice(whole.entries.findIndex(isMetadata) + 1));
  if (after.size === 0 || !whole.entries.some(isMetadata)) return entries.length;
  const place = entries.findIndex(
    (entry) => after.has(entry) || (entry.kind === "entry" && entry.was !== undefined && after.has(entry.was)),
  );
  return place === -1 ? entries.length : place;
}
