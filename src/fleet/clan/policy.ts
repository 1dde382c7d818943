/** Who should read a secret of tier 1, by clan's own reckoning: the keys that its links lead to. */
import type { ExpectedReader, Policy } from "../policy.ts";
import type { ClanKey } from "./key-json.ts";
import type { Member } from "./links.ts";
import type { Registered, Registry } from "./registry.ts";

/**
 * @param members whom the links lead to, in the order of their paths
 * @param complete whether every link led to somebody
 */
export function policyOfLinks(
  members: readonly Member[],
  complete: boolean,
  registry: Registry,
  nameOf: (id: string) => string | undefined,
): Policy {
  const readers = new Map<string, { key: ClanKey; reasons: string[] }>();
  let sound = complete;
  const add = (entry: Registered | undefined, reason: string) => {
    if (entry?.sound !== true) sound = false;
    for (const key of entry?.keys ?? []) {
      const reader = readers.get(key.id);
      if (reader === undefined) readers.set(key.id, { key, reasons: [reason] });
      else if (!reader.reasons.includes(reason)) reader.reasons.push(reason);
    }
  };
  for (const { kind, name } of members) {
    if (kind !== "groups") {
      add(registry[kind].get(name), `${kind}/${name}`);
      continue;
    }
    const group = registry.groups.get(name);
    if (group?.sound !== true) sound = false;
    for (const member of group?.members ?? []) {
      if (member.kind === "groups") continue;
      add(registry[member.kind].get(member.name), `groups/${name}/${member.kind}/${member.name}`);
    }
  }
  return {
    kind: "links",
    readers: [...readers.values()].map(({ key, reasons }): ExpectedReader => {
      const name = nameOf(key.id);
      return { type: key.type, id: key.id, ...(name === undefined ? {} : { name }), reasons };
    }),
    complete: sound,
  };
}
