/** Keys out of one rule. What the rule shares with others is left to them. */
import { insertBehind } from "./entries.ts";
import { refusalAt } from "./fault.ts";
import { removeParts } from "./key-list-text.ts";
import { isKey, splitKeys } from "./key-text.ts";
import { membersOf, setMembers, spellMember } from "./members.ts";
import { ownEntry, states, textOf } from "./places.ts";
import { isShared, removeAll } from "./removal.ts";
import type { AliasNode, Collection, Entry, Source, SourceNode } from "./source.ts";
import type { Splice } from "./splice.ts";

export function revoke(source: Source, rule: Entry, ids: readonly string[]): Splice[] {
  if (rule.value.kind !== "map") throw shared(source, rule.value);
  const isRevoked = (text: string) => ids.some((id) => isKey(text, id));
  const doomed = new Set<Entry>();
  const splices: Splice[] = [];
  const visit = (entry: Entry): void => {
    const { value } = entry;
    if (!names(value, ids)) return;
    if (value.kind === "alias") {
      if (value.target.kind === "text" && splitKeys(value.target.text).length === 1) doomed.add(entry);
      else expand(entry, value);
      return;
    }
    if (value.anchor !== undefined && (value.kind !== "text" || splitKeys(value.text).length > 1)) {
      if (isShared(source, value, rule)) throw shared(source, value);
    }
    if (value.kind === "text") {
      if (splitKeys(value.text).every(isRevoked)) doomed.add(entry);
      else splices.push(...removeParts(source, value, isRevoked));
    } else if (value.kind === "list") value.entries.forEach(visit);
    else visitFields(value);
  };
  const visitFields = (map: Collection): void => {
    for (const key of ["age", "pgp", "key_groups", "merge", "<<"]) {
      const entry = ownEntry(map, key);
      if (entry !== undefined) visit(entry);
    }
  };
  /** A shared list gives way to its other members, one by one. */
  const expand = (entry: Entry, alias: AliasNode): void => {
    const field = entry.key === undefined ? undefined : textOf(entry.key);
    if (alias.target.kind === "map" || field === "key_groups" || field === "merge" || field === "<<") {
      throw shared(source, alias);
    }
    const rest = membersOf(source, alias, entry.start).filter(({ text }) => !isRevoked(text));
    const [first, ...others] = rest;
    if (first === undefined) doomed.add(entry);
    else if (field !== undefined) splices.push(...setMembers(source, entry, rest, entry.owner === rule.value));
    else {
      const bodies = others.map((member) => spellMember(member, entry.owner.flow));
      splices.push({ start: alias.start, end: alias.end, text: spellMember(first, entry.owner.flow) });
      if (bodies.length > 0) splices.push(...insertBehind(source, entry, bodies));
    }
  };
  visitFields(rule.value);
  return [...splices, ...removeAll(source, doomed)];
}

/** Whether a value states one of the keys, behind aliases too. */
function names(value: SourceNode, ids: readonly string[]): boolean {
  const seen = new Set<SourceNode>();
  const queue = [value];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const node = at.kind === "alias" ? at.target : at;
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "text") {
      if (ids.some((id) => states(node, id))) return true;
    } else queue.push(...node.entries.map((entry) => entry.value));
  }
  return false;
}

function shared(source: Source, node: SourceNode) {
  return refusalAt(
    source,
    node.start,
    "The key comes into this rule with something that other rules use too.",
    "Give the rule keys of its own by hand, then try again.",
  );
}
