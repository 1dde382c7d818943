/** Groups in both tiers: a folder of links in clan's registry, and a list of `.sops.yaml` that bears the group's name. */
import { SecretsError } from "../../errors.ts";
import type { Member } from "../../fleet/clan/links.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";
import { refuseUnsound } from "../rekey/draft-grant.ts";
import type { PolicyDraft } from "../rekey/policy-draft.ts";
import { type AnchoredKey, anchorsFor } from "./config-anchors.ts";
import { keyHolders, memberOf, whoIs } from "./who.ts";

/** @throws SecretsError `E_NOT_FOUND`, `E_NOT_REGISTERED`, `E_POLICY_UNCLEAR`, `E_CONFIG_EDIT` */
export async function joinGroup(fleet: Fleet, draft: PolicyDraft, group: string, name: string): Promise<void> {
  const principal = whoIs(fleet, name);
  if (principal.kind === "group") {
    throw new SecretsError("E_NOT_REGISTERED", `${principal.name} is a group: a group cannot be a member of another`, {
      kind: "usage",
      hint: `name its members: ${principal.members.map((member) => member.name).join(", ") || "it has none"}`,
    });
  }
  refuseUnsound(fleet, principal);
  const reason = `${principal.name} joins ${group}`;
  const lists = listConfigs(fleet, group);
  if (fleet.registry.groups.has(group) || lists.length === 0) {
    await draft.link(`sops/groups/${group}`, registered(fleet, name), reason);
  }
  for (const config of lists) {
    for (const key of await anchorsFor(draft, config, keyHolders(fleet, principal), reason)) {
      await enterList(draft, config, group, key, reason);
    }
  }
}

/** By its anchor if that stands before the list, else as it is. */
async function enterList(
  draft: PolicyDraft,
  config: string,
  list: string,
  { id, text, anchor }: AnchoredKey,
  reason: string,
): Promise<void> {
  const edit = { kind: "add-to-list", list, id, text } as const;
  try {
    await draft.editConfig(config, [{ ...edit, anchor }], reason);
  } catch (error) {
    if (!(error instanceof SecretsError) || error.code !== "E_CONFIG_EDIT") throw error;
    await draft.editConfig(config, [edit], reason);
  }
}

function registered(fleet: Fleet, name: string): Member {
  const principal = whoIs(fleet, name);
  const member = memberOf(fleet, principal);
  if (member !== undefined) return member;
  throw new SecretsError("E_NOT_REGISTERED", `${principal.name} is not in clan's registry`, {
    hint: `secrets user add ${principal.name} --age-key ${principal.keys[0]?.id ?? "KEY"}`,
  });
}

/** Whether a group of this name is there in either tier. */
export function isGroup(fleet: Fleet, group: string): boolean {
  return fleet.registry.groups.has(group) || listConfigs(fleet, group).length > 0;
}

/** The groups that somebody is a member of. */
export function groupsWith({ principals }: Fleet, { kind, name }: Principal): string[] {
  return principals.all.flatMap((one) =>
    one.members.some((member) => member.kind === kind && member.name === name) ? [one.name] : [],
  );
}

/** The configurations that have a list with the group's name as its anchor. */
export function listConfigs({ configs }: Fleet, group: string): string[] {
  return configs.filter(({ anchors }) => anchors.some(({ list }) => list === group)).map(({ path }) => path);
}

export function noGroup({ registry }: Fleet, group: string): SecretsError {
  return new SecretsError("E_NOT_FOUND", `there is no group ${group}`, {
    hint: `groups: ${[...registry.groups.keys()].join(", ") || "none"}; secrets group add ${group} NAME… makes one`,
  });
}
