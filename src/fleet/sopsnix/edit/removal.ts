/** What has to go so that keys are gone: items, then lists that would be empty, and where their anchors move. */
import { removeEntries } from "./entries.ts";
import { refusalAt } from "./fault.ts";
import { spellPlain } from "./key-text.ts";
import { aliasesOf, areaOf, isWithin } from "./places.ts";
import type { AliasNode, Collection, Entry, Source, TextNode } from "./source.ts";
import type { Splice } from "./splice.ts";

/**
 * Takes entries out, and lists and fields that nothing would be left of.
 *
 * @throws SecretsError `E_CONFIG_EDIT` where a rule, a key group, or a list that is in use would be empty
 */
export function removeAll(source: Source, first: Iterable<Entry>): Splice[] {
  const doomed = closeOver(source, first);
  const isGone = (entry: Entry | undefined): boolean => {
    for (let at = entry; at !== undefined; at = at.owner.entry) if (doomed.has(at)) return true;
    return false;
  };
  const owners = new Set([...doomed].map(({ owner }) => owner));
  const splices: Splice[] = [];
  for (const owner of owners) {
    if (isGone(owner.entry)) continue;
    splices.push(...removeEntries(source, owner, (entry) => doomed.has(entry)));
  }
  return [...splices, ...moveAnchors(source, isGone)];
}

function closeOver(source: Source, first: Iterable<Entry>): Set<Entry> {
  const doomed = new Set(first);
  for (const entry of doomed) {
    const { owner } = entry;
    if (!owner.entries.every((other) => doomed.has(other))) continue;
    if (owner.entry === undefined) throw refuse(source, entry, "This configuration would be left without content.");
    if (isRuleOrGroup(owner)) throw refuse(source, entry, "A rule or key group would be left without keys.");
    doomed.add(owner.entry);
  }
  return doomed;
}

/**
 * A map in the rules: a rule, a group, or what a published file is encrypted to. Without keys it would mean something
 * else, but for a group that is only merged into another.
 */
function isRuleOrGroup(collection: Collection): boolean {
  const area = areaOf(collection);
  const isInRules = area[0] === "creation_rules" || area[0] === "destination_rules";
  return collection.kind === "map" && isInRules && area.at(-1) !== "merge";
}

/** An anchor that goes while others still mean it: the first of those becomes its place. */
function moveAnchors(source: Source, isGone: (entry: Entry | undefined) => boolean): Splice[] {
  return source.nodes.flatMap((node): Splice[] => {
    if (node.kind === "alias" || node.anchor === undefined || !isGone(node.entry)) return [];
    const heir = aliasesOf(source, node).find((alias) => !isGone(alias.entry));
    if (heir === undefined) return [];
    if (node.kind !== "text" || node.style === "block" || node.entry === undefined) {
      throw refuse(source, node.entry, "A list or text that is used elsewhere would be left without keys.");
    }
    return [{ start: heir.start, end: heir.end, text: definition(source, node, heir) }];
  });
}

/** A text with its anchor, for the place of an alias. */
function definition({ text }: Source, node: TextNode, heir: AliasNode): string {
  const inFlow = heir.entry?.owner.flow === true;
  const whole = text.slice(node.start, node.end);
  if (!whole.includes("\n") && !(inFlow && node.style === "plain" && /[,[\]{}]/.test(node.text))) return whole;
  return `&${node.anchor?.name} ${spellPlain(node.text, inFlow)}`;
}

function refuse(source: Source, entry: Entry | undefined, message: string) {
  const hint = "Give it another key first, or take out by hand what needs none.";
  return refusalAt(source, entry?.start ?? 0, message, hint);
}

/** Whether a list or text is meant from outside of an entry. */
export function isShared(source: Source, node: Collection | TextNode, around: Entry): boolean {
  return aliasesOf(source, node).some((alias) => !isWithin(alias.entry, around));
}
