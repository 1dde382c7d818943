/** A second key beside one that is there, wherever that is stated or meant, for the time that both count. */
import { insertBehind } from "./entries.ts";
import { refusalAt } from "./fault.ts";
import { addParts } from "./key-list-text.ts";
import { isKey, type NewKey, spellPlain, splitKeys } from "./key-text.ts";
import { aliasesOf, findStatements, ownEntry, states, textOf } from "./places.ts";
import { refuseTaken } from "./rename-anchor.ts";
import type { Collection, Source, SourceNode } from "./source.ts";
import type { Splice } from "./splice.ts";

export function addBeside(source: Source, id: string, key: NewKey, anchor: string): Splice[] {
  const statements = findStatements(source, id);
  const single = statements.filter((node) => splitKeys(node.text).length === 1);
  const [first, ...others] = single.filter((node) => node.anchor !== undefined);
  if (first !== undefined) refuseTaken(source, anchor);
  const done = new Set<Collection>();
  const splices: Splice[] = [];
  const add = (place: SourceNode, body: (inFlow: boolean) => string) => {
    const owner = place.entry?.owner;
    if (owner === undefined || done.has(owner)) return;
    if (owner.kind === "list") done.add(owner);
    if (place === first || owner.kind === "map" || !holds(owner, key.id)) {
      splices.push(...putBehind(source, place, body, key, anchor));
    }
  };
  if (first !== undefined) {
    add(first, (inFlow) => `&${anchor} ${spellPlain(key.text, inFlow)}`);
    for (const node of others) add(node, () => `*${anchor}`);
    for (const node of [first, ...others]) for (const alias of aliasesOf(source, node)) add(alias, () => `*${anchor}`);
  }
  for (const node of single) {
    if (node.anchor === undefined) add(node, (inFlow) => spellPlain(key.text, inFlow));
  }
  for (const node of statements) {
    if (single.includes(node) || states(node, key.id)) continue;
    splices.push(
      ...addParts(
        source,
        node,
        splitKeys(node.text).findIndex((text) => isKey(text, id)),
        [key.text],
      ),
    );
  }
  return splices;
}

/** Whether a list names a key, itself or by alias. */
function holds(list: Collection, id: string): boolean {
  return list.entries.some(({ value }) => {
    const text = value.kind === "alias" ? value.target : value;
    return text.kind === "text" && states(text, id);
  });
}

function putBehind(
  source: Source,
  place: SourceNode,
  body: (inFlow: boolean) => string,
  key: NewKey,
  anchor: string,
): Splice[] {
  const { entry } = place;
  if (entry === undefined) return [];
  if (entry.key === undefined) return insertBehind(source, entry, [body(entry.owner.flow)]);
  if (/^(age|pgp)$/.test(textOf(entry.key))) {
    if (place.kind === "text" && place.anchor === undefined) return addParts(source, place, 0, [key.text]);
    return makeList(source, place, body(true));
  }
  // A map of names to keys. An alias in it means nobody new.
  if (place.kind === "alias") return [];
  if (ownEntry(entry.owner, anchor) !== undefined) {
    throw refusalAt(source, place.start, "This map has an entry of the new name already.", "Choose another name.");
  }
  return insertBehind(source, entry, [`${anchor}: ${body(entry.owner.flow)}`]);
}

/** Behind the only key of a field, which is no list so far. */
function makeList(source: Source, place: SourceNode, body: string): Splice[] {
  const old = source.text.slice(place.start, place.end);
  if (old.includes("\n")) {
    throw refusalAt(source, place.start, "This key goes over several lines.", "Write it on one line, or as a list.");
  }
  return [{ start: place.start, end: place.end, text: `[${old}, ${body}]` }];
}
