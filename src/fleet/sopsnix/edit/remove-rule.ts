/** A whole rule, with the comment above it and the blank line that parts it from others. */
import { refusalAt } from "./fault.ts";
import { removeAll } from "./removal.ts";
import type { Entry, Source } from "./source.ts";
import { beforeOnLine, nextLine, type Splice, startOfLine } from "./splice.ts";
import { placeBefore } from "./split-rule.ts";

/** @throws SecretsError `E_CONFIG_EDIT` for the only rule: sops refuses a file that states none */
export function removeRule(source: Source, rule: Entry): Splice[] {
  const { text } = source;
  if (rule.owner.entries.length === 1) {
    throw refusalAt(source, rule.start, "This is the only rule.", "Add another one first, or remove the file.");
  }
  const splices = removeAll(source, [rule]);
  if (rule.owner.flow || !/^ *$/.test(beforeOnLine(text, rule.start))) return splices;
  const start = startOfLine(text, rule.start);
  const { at } = placeBefore(source, rule);
  const isBlank = (from: number, to: number) => from < to && /^[ \t]*\r?\n$/.test(text.slice(from, to));
  const above = at === 0 ? 0 : startOfLine(text, at - 1);
  const behind = nextLine(text, rule.end);
  const below = nextLine(text, behind);
  if (isBlank(above, at)) splices.push({ start: above, end: start, text: "" });
  else {
    if (at < start) splices.push({ start: at, end: start, text: "" });
    if (rule.index === 0 && isBlank(behind, below)) splices.push({ start: behind, end: below, text: "" });
  }
  return splices;
}
