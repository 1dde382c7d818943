/**
 * The INI store. The metadata is a section `[sops]` with flat names, its line breaks written `\n`; a rewrite works on
 * blocks, a key with the comments above it, and copies those that did not change.
 */
import { SecretsError } from "../../errors.ts";
import { type FlatEntry, flatText, flatten, unflatten } from "../flatten.ts";
import type { Store, StoredFile } from "../store.ts";
import type { CommentNode, EntryNode, MapNode, ScalarNode } from "../tree.ts";
import { type IniBlock, type IniText, readIni } from "./ini-reader.ts";
import {
  type Commented,
  commentLines,
  type IniSection,
  sectionsOf,
  widestKey,
  writeIni,
  writeIniValue,
  writeKey,
  writeSection,
} from "./ini-writer.ts";

const METADATA_SECTION = "sops";

export const iniStore: Store = {
  format: "ini",
  read(text) {
    const { root } = readIni(text);
    const [sops, ...more] = root.entries.filter((entry) => entry.kind === "entry" && entry.key === METADATA_SECTION);
    if (more.length > 0) {
      throw new SecretsError("E_METADATA", "The section [sops] stands twice in this document.", {
        hint: "Restore the file from git history.",
      });
    }
    const document: MapNode = { kind: "map", entries: root.entries.filter((entry) => entry !== sops) };
    const metadata = sops?.kind === "entry" ? unflatten(flatEntries(sops)) : undefined;
    return { format: "ini", text, documents: [document], metadata };
  },
  write(documents, metadata) {
    const sections = documents.flatMap(sectionsOf);
    return writeIni(metadata === undefined ? sections : [...sections, metadataSection(metadata)]);
  },
  rewrite(old, documents, metadata) {
    return new IniRewriter(old.text).rewrite(documents.flatMap(sectionsOf), updatedMetadata(old, metadata));
  },
};

function flatEntries(sops: EntryNode): FlatEntry[] {
  const entries = sops.value.kind === "map" ? sops.value.entries : [];
  return entries.flatMap((entry) => {
    if (entry.kind !== "entry" || entry.value.kind !== "scalar") return [];
    const { scalar, span } = entry.value;
    const value = scalar.type === "str" ? scalar.value.replaceAll("\\n", "\n") : "";
    const node: ScalarNode = {
      kind: "scalar",
      scalar: { type: "str", value },
      ...(span === undefined ? {} : { span }),
    };
    return [{ name: entry.key, node }];
  });
}

function metadataSection(metadata: MapNode): IniSection {
  const entries = flatten(metadata).map(({ name, node }) => metadataEntry(name, node));
  const node: EntryNode = { kind: "entry", key: METADATA_SECTION, value: { kind: "map", entries } };
  return { header: { node, comments: [] }, keys: entries.map((entry) => ({ node: entry, comments: [] })) };
}

function metadataEntry(name: string, node: ScalarNode): EntryNode {
  const value = flatText(node.scalar).replaceAll("\n", "\\n");
  return { kind: "entry", key: name, value: { kind: "scalar", scalar: { type: "str", value } } };
}

/**
 * The `[sops]` section as it was read, with the values that are new in place of the old. A name that stays keeps its
 * place; a new one follows the one before it.
 */
function updatedMetadata(old: StoredFile, metadata: MapNode): EntryNode | undefined {
  const sops = readIni(old.text).root.entries.find((entry) => entry.kind === "entry" && entry.key === METADATA_SECTION);
  if (sops?.kind !== "entry" || sops.value.kind !== "map") return undefined;
  const before = new Map(old.metadata === undefined ? [] : flatten(old.metadata).map(({ name, node }) => [name, node]));
  const fresh = new Map(flatten(metadata).map(({ name, node }) => [name, node]));
  const entries = sops.value.entries.flatMap((entry): (CommentNode | EntryNode)[] => {
    if (entry.kind !== "entry") return [entry];
    const node = fresh.get(entry.key);
    if (node === undefined) return [];
    // The numbers in the names move when a reader goes: the same value may stand under another name then.
    return [node === before.get(entry.key) ? entry : { ...metadataEntry(entry.key, node), was: entry }];
  });
  const placed = new Map(entries.flatMap((entry) => (entry.kind === "entry" ? [[entry.key, entry] as const] : [])));
  // By the entry that they stand behind; without one, at the top.
  const added = new Map<EntryNode | undefined, EntryNode[]>([[undefined, []]]);
  let above: EntryNode | undefined;
  for (const [name, node] of fresh) {
    const entry = placed.get(name);
    if (entry === undefined) added.get(above)?.push(metadataEntry(name, node));
    else added.set(entry, []);
    above = entry ?? above;
  }
  const all = entries.flatMap((entry): MapNode["entries"] =>
    entry.kind === "entry" ? [entry, ...(added.get(entry) ?? [])] : [entry],
  );
  const value: MapNode = { kind: "map", entries: [...(added.get(undefined) ?? []), ...all] };
  return { kind: "entry", key: METADATA_SECTION, value, was: sops };
}

class IniRewriter {
  readonly #text: string;
  readonly #old: IniText;
  /** For each block, by its start, the end of the block before: what lies between are blank lines. */
  readonly #gaps = new Map<number, number>();
  /** Pieces that hold something: asking a text that still grows how it ends would copy it each time. */
  readonly #out: string[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#old = readIni(text);
    const blocks = [...this.#old.headers.values(), ...this.#old.keys.values()].sort((a, b) => a.own - b.own);
    let end = 0;
    for (const block of blocks) {
      this.#gaps.set(block.own, end);
      end = block.end;
    }
    this.#gaps.set(text.length, end);
  }

  rewrite(sections: readonly IniSection[], sops: EntryNode | undefined): string {
    for (const section of withMetadata(sections, sops)) this.#section(section);
    return this.#out.join("") + this.#text.slice(this.#gaps.get(this.#text.length) ?? this.#text.length);
  }

  #section(section: IniSection): void {
    const header = this.#old.headers.get(startOf(section.header.node) ?? -1);
    if (header === undefined) {
      const first = this.#out.length === 0;
      this.#append((first ? "" : "\n") + writeSection(section, first));
      return;
    }
    if (header.end > header.start) this.#block(header, section.header, this.#text.slice(header.own, header.end));
    const width = this.#alignment(section.keys);
    for (const key of section.keys) {
      const block = this.#old.keys.get(startOf(key.node) ?? -1);
      if (block === undefined) this.#append(commentLines(key.comments, true) + writeKey(key.node, width));
      else this.#block(block, key, this.#ownText(key.node, block));
    }
  }

  /** Blank lines, comments and the lines of one key or header that was there before. */
  #block(block: IniBlock, { comments }: Commented<EntryNode>, own: string): void {
    const gap = this.#text.slice(this.#gaps.get(block.own) ?? block.start, block.start);
    const same = block.commented
      ? comments.length > 0 && comments.every((comment) => comment.span?.end === block.own)
      : comments.length === 0;
    const lead = same ? this.#text.slice(block.start, block.own) : commentLines(comments, true);
    this.#append(gap + lead + own);
  }

  #ownText(node: EntryNode, block: IniBlock): string {
    if (node.span !== undefined) return this.#text.slice(block.own, block.end);
    const before = this.#text.slice(block.own, block.value.start);
    return before + writeIniValue(node) + this.#text.slice(block.value.end, block.end);
  }

  /** New keys line up with the equal sign of the section's last key; no other line is touched for them. */
  #alignment(keys: readonly Commented<EntryNode>[]): number {
    for (const { node } of [...keys].reverse()) {
      const block = this.#old.keys.get(startOf(node) ?? -1);
      if (block === undefined) continue;
      const before = this.#text.slice(block.own, block.value.start);
      return Buffer.byteLength(before.slice(0, Math.max(0, before.lastIndexOf(" = "))), "utf8");
    }
    return widestKey(keys);
  }

  #append(text: string): void {
    if (text === "") return;
    if (this.#out.at(-1)?.endsWith("\n") === false) this.#out.push("\n");
    this.#out.push(text);
  }
}

/** `[sops]` before the first section that stood behind it, else last. */
function withMetadata(sections: readonly IniSection[], sops: EntryNode | undefined): IniSection[] {
  if (sops === undefined) return [...sections];
  const own = sectionsOf({ kind: "map", entries: [sops] });
  const start = startOf(sops) ?? 0;
  const next = sections.findIndex(({ header }) => (startOf(header.node) ?? -1) > start);
  const at = next === -1 ? sections.length : next;
  return [...sections.slice(0, at), ...own, ...sections.slice(at)];
}

/** Where the entry, or the one it replaces, stood in the old text. */
function startOf(node: EntryNode): number | undefined {
  return (node.span ?? node.was?.span)?.start;
}
