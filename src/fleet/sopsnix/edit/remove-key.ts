/** A key out of every place that states it: anchor, aliases and texts. */
import { removeParts } from "./key-list-text.ts";
import { isKey, splitKeys } from "./key-text.ts";
import { aliasesOf, findStatements } from "./places.ts";
import { removeAll } from "./removal.ts";
import type { Entry, Source } from "./source.ts";
import type { Splice } from "./splice.ts";

export function removeKey(source: Source, id: string): Splice[] {
  const isDoomed = (text: string) => isKey(text, id);
  const entries = new Set<Entry>();
  const splices: Splice[] = [];
  for (const node of findStatements(source, id)) {
    if (splitKeys(node.text).every(isDoomed)) {
      for (const { entry } of [node, ...aliasesOf(source, node)]) if (entry !== undefined) entries.add(entry);
    } else splices.push(...removeParts(source, node, isDoomed));
  }
  return [...splices, ...removeAll(source, entries)];
}
