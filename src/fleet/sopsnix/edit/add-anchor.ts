/** A key with a name, put where the others are that have one. */
import { insertBehind } from "./entries.ts";
import { refusalAt } from "./fault.ts";
import { looksLikeKey, type NewKey, spellPlain } from "./key-text.ts";
import { aliasesOf, areaOf, ownEntry } from "./places.ts";
import { refuseTaken } from "./rename-anchor.ts";
import type { Collection, Entry, Source } from "./source.ts";
import { lineBreakOf, nextLine, type Splice, startOfLine } from "./splice.ts";

export function addAnchor(source: Source, anchor: string, key: NewKey): Splice[] {
  refuseTaken(source, anchor);
  const shelf = findShelf(source, anchor);
  if (shelf === undefined) return makeShelf(source, `&${anchor} ${spellPlain(key.text, false)}`);
  const body = `&${anchor} ${spellPlain(key.text, shelf.owner.flow)}`;
  if (shelf.key === undefined) return insertBehind(source, shelf, [body]);
  if (ownEntry(shelf.owner, anchor) !== undefined) {
    throw refusalAt(source, shelf.start, "This map has an entry of that name already.", "Choose another name.");
  }
  return insertBehind(source, shelf, [`${anchor}: ${body}`]);
}

/**
 * The last entry of the list or map before the rules that has most of the anchors with the same word in front, or most
 * of all. Whatever rules use is none: a key in it would be let in.
 */
function findShelf(source: Source, anchor: string): Entry | undefined {
  const rules = source.root?.kind === "map" ? ownEntry(source.root, "creation_rules") : undefined;
  const word = wordOf(anchor);
  let best: { entry: Entry; alike: number; count: number } | undefined;
  for (const node of source.nodes) {
    if (node.kind === "text" || node.kind === "alias" || !isShelf(source, node)) continue;
    const names = anchorsIn(node);
    const entry = node.entries.at(-1);
    if (entry === undefined || names.length === 0 || (rules !== undefined && node.start > rules.start)) continue;
    const alike = word === undefined ? 0 : names.filter((name) => wordOf(name) === word).length;
    if (best === undefined || alike > best.alike || (alike === best.alike && names.length > best.count)) {
      best = { entry, alike, count: names.length };
    }
  }
  return best?.entry;
}

/** The `host` of `host_web01`. */
function wordOf(anchor: string): string | undefined {
  return /^([A-Za-z]+)[_-]/.exec(anchor)?.[1]?.toLowerCase();
}

function anchorsIn({ entries }: Collection): string[] {
  return entries.flatMap(({ value }) =>
    value.kind === "text" && value.anchor !== undefined && looksLikeKey(value.text) ? [value.anchor.name] : [],
  );
}

/** Nothing but a place for anchors: no part of rules or stores, and neither it nor what it stands in has aliases. */
function isShelf(source: Source, collection: Collection): boolean {
  const [area] = areaOf(collection);
  if (area === undefined || ["creation_rules", "destination_rules", "stores"].includes(area)) return false;
  for (let at: Collection | undefined = collection; at !== undefined; at = at.entry?.owner) {
    if (at.anchor !== undefined && aliasesOf(source, at).length > 0) return false;
  }
  return true;
}

/** `keys:` as the first of all, behind the comment that heads the file. */
function makeShelf(source: Source, body: string): Splice[] {
  const { text, root } = source;
  const eol = lineBreakOf(text);
  const lines = `keys:${eol}  - ${body}${eol}`;
  if (root === undefined) {
    const gap = text === "" || text.endsWith("\n") ? "" : eol;
    return [{ start: text.length, end: text.length, text: gap + lines }];
  }
  const keys = root.kind === "map" ? ownEntry(root, "keys") : undefined;
  if (keys !== undefined || root.kind !== "map" || root.flow || startOfLine(text, root.start) !== root.start) {
    throw refusalAt(
      source,
      keys?.start ?? root.start,
      "There is no list of keys before the rules that a new one could be put into.",
      "Begin one by hand: a list `keys:` at the top, with one `- &name key`.",
    );
  }
  const at = behindHead(text, root.start);
  return [{ start: at, end: at, text: lines }];
}

/** Behind the first block of comments, and the blank lines behind that. */
function behindHead(text: string, limit: number): number {
  let at = 0;
  const skip = (line: RegExp) => {
    while (at < limit && line.test(text.slice(at, nextLine(text, at)))) at = nextLine(text, at);
  };
  skip(/^---[ \t]*(#.*)?\r?\n/);
  skip(/^[ \t]*\r?\n/);
  skip(/^[ \t]*#/);
  skip(/^[ \t]*\r?\n/);
  // A `---` further down: keys stand behind it.
  const marker = text.slice(at, limit).search(/^---/m);
  return marker === -1 ? at : limit;
}
