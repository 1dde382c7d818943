/**
 * Rules of `.sops.yaml` that name the members of a group one by one. Nothing says that they are meant as the group, so
 * nothing is done to them; but whoever joins or leaves should hear of them.
 */
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";
import { shellWord } from "../check/shell-word.ts";
import { keyName } from "../rekey/access-plan.ts";
import { keyHolders } from "./who.ts";

const LISTED = 4;

/**
 * What to type so that the rules follow the group.
 * @param others the members who were there before and stay; a rule that names one of two may be about anything
 */
export function followGroup(
  fleet: Fleet,
  verb: "grant" | "revoke",
  member: Principal,
  others: readonly Principal[],
): string[] {
  if (others.length === 0) return [];
  const wanted = others.map((one) => keyHolders(fleet, one).flatMap(({ keys }) => keys.map(keyName)));
  const theirs = new Set(keyHolders(fleet, member).flatMap(({ keys }) => keys.map(keyName)));
  const found = fleet.configs.flatMap(({ path, rules = [] }) =>
    rules.flatMap(({ line, keyGroups }) => {
      const named = new Set(keyGroups.flat().map(keyName));
      const reads = [...theirs].some((key) => named.has(key));
      if (reads !== (verb === "revoke") || !wanted.every((keys) => keys.some((key) => named.has(key)))) return [];
      const document = fleet.documents.find(({ policy }) => policy.rule?.config === path && policy.rule.line === line);
      return document === undefined ? [] : [{ place: `${path}:${line}`, document: document.path }];
    }),
  );
  return found.slice(0, LISTED).map(({ place, document }) => {
    const what = verb === "grant" ? `does not name ${member.name}` : `still names ${member.name}`;
    return `${place} names every other member and ${what}: secrets ${verb} ${shellWord(member.name)} ${shellWord(document)} --whole-rule`;
  });
}

/** Members of a group by its links or list, without one. */
export function otherMembers(fleet: Fleet, group: string, without: readonly Principal[]): Principal[] {
  const known = fleet.principals.find(group, "group");
  const gone = new Set(without);
  return (known?.members ?? [])
    .flatMap(({ kind, name }) => fleet.principals.find(name, kind) ?? [])
    .filter((one) => !gone.has(one) && one.kind !== "machine");
}
