/** One key in the place of another, wherever that is stated. */

import { replaceParts } from "./key-list-text.ts";
import { isKey, type NewKey } from "./key-text.ts";
import { findStatements } from "./places.ts";
import type { Source } from "./source.ts";
import type { Splice } from "./splice.ts";

export function replaceKey(source: Source, id: string, key: NewKey): Splice[] {
  const replacement = (text: string) => (isKey(text, id) ? key.text : undefined);
  return findStatements(source, id).flatMap((node) => replaceParts(source, node, replacement));
}
