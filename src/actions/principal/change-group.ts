/** `secrets group`: who belongs to a group, in clan's registry and in the lists of `.sops.yaml` that bear its name. */
import { SecretsError } from "../../errors.ts";
import { linkPath } from "../../fleet/clan/link-target.ts";
import type { Member } from "../../fleet/clan/links.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { type AccessPlan, policyEdit } from "../rekey/access-plan.ts";
import { type PlanOptions, planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import { renewNote } from "../renew-note.ts";
import type { Workplace } from "../workplace.ts";
import { noGroup, refuseName } from "./add-user.ts";
import { anchorsFor } from "./config-anchors.ts";
import { dropIfEmpty, foldersLinking } from "./places.ts";
import { keyHolders, memberOf, whoIs } from "./who.ts";

/** @throws SecretsError `E_EXISTS`, `E_NAME`, and as {@link planAddMembers} */
export async function planAddGroup(
  workplace: Workplace,
  group: string,
  members: readonly string[],
  options: PlanOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  refuseName("group", group);
  if (fleet.registry.groups.has(group) || fleet.principals.find(group, "group") !== undefined) {
    throw new SecretsError("E_EXISTS", `there is a group ${group} already`, {
      kind: "usage",
      hint: `secrets group add-member ${group} NAME`,
    });
  }
  const plan = await addMembers(workplace, group, members, options);
  return {
    ...plan,
    summary: `add group ${group}`,
    next: [`secrets grant groups/${group} ADDRESS… lets it read something`],
  };
}

/** @throws SecretsError `E_NOT_FOUND`, `E_NOT_REGISTERED`, and what `planAccess` throws */
export async function planAddMembers(
  workplace: Workplace,
  group: string,
  members: readonly string[],
  options: PlanOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  if (fleet.registry.groups.has(group) || listConfigs(fleet, group).length > 0)
    return addMembers(workplace, group, members, options);
  throw noGroup(fleet, group);
}

async function addMembers(
  workplace: Workplace,
  group: string,
  members: readonly string[],
  options: PlanOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const draft = new PolicyDraft(workplace.ground);
  const lists = listConfigs(fleet, group);
  const linked = fleet.registry.groups.has(group) || lists.length === 0;
  for (const name of members) {
    const principal = whoIs(fleet, name);
    const reason = `${principal.name} joins ${group}`;
    if (linked) await draft.link(`sops/groups/${group}`, registered(fleet, name), reason);
    for (const config of lists) {
      for (const { id, text, anchor } of await anchorsFor(draft, config, keyHolders(fleet, principal), reason)) {
        await draft.editConfig(config, [{ kind: "add-to-list", list: group, id, text, anchor }], reason);
      }
    }
  }
  return planAccess(
    workplace,
    policyEdit({ summary: `add ${members.join(", ")} to group ${group}`, changes: draft.changes }),
    options,
  );
}

/** @throws SecretsError `E_NOT_FOUND`, and what `planAccess` throws */
export async function planRemoveMembers(
  workplace: Workplace,
  group: string,
  members: readonly string[],
  options: PlanOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const known = fleet.registry.groups.get(group);
  const lists = listConfigs(fleet, group);
  if (known === undefined && lists.length === 0) throw noGroup(fleet, group);
  const draft = new PolicyDraft(workplace.ground);
  for (const name of members) {
    const principal = whoIs(fleet, name);
    const reason = `${principal.name} leaves ${group}`;
    const member = memberOf(fleet, principal);
    const link = member === undefined ? undefined : linkPath(`sops/groups/${group}`, member);
    const inLinks = link !== undefined && (await draft.ground.kind(link)) === "link";
    if (inLinks) await draft.remove(link, reason);
    let inList = false;
    for (const config of lists) {
      for (const { id } of keyHolders(fleet, principal).flatMap(({ keys }) => keys)) {
        if (!listed(fleet, config, group).has(id)) continue;
        inList = true;
        await draft.editConfig(config, [{ kind: "remove-from-list", list: group, id }], reason);
      }
    }
    if (inLinks || inList) continue;
    throw new SecretsError("E_NOT_FOUND", `${principal.name} is not in group ${group}`, {
      hint: `members: ${known?.members.map((one) => one.name).join(", ") ?? "none"}`,
    });
  }
  const gone = known !== undefined && (await dropIfEmpty(draft, group));
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: `remove ${members.join(", ")} from group ${group}`,
      changes: draft.changes,
      warnings: gone ? [`group ${group} has no member left and is gone, with every link to it`] : [],
    }),
    options,
  );
  return { ...plan, next: plan.exposed.length > 0 ? [renewNote(plan.exposed.length)] : [] };
}

/** The group itself: its members keep what they read by their own names. @throws SecretsError `E_NOT_FOUND` */
export async function planRemoveGroup(workplace: Workplace, group: string, options: PlanOptions): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const known = fleet.registry.groups.get(group);
  if (known === undefined) {
    const [config] = listConfigs(fleet, group);
    if (config === undefined) throw noGroup(fleet, group);
    throw new SecretsError("E_NOT_REGISTERED", `${group} is a list of ${config} alone, which rules may use`, {
      location: { file: config },
      hint: `take its members out: secrets group rm-member ${group} NAME, or edit the file`,
    });
  }
  const draft = new PolicyDraft(workplace.ground);
  const reason = `group ${group} goes`;
  for (const { path } of await foldersLinking(draft, { kind: "groups", name: group })) await draft.remove(path, reason);
  await draft.removeAll(known.path, reason);
  const plan = await planAccess(
    workplace,
    policyEdit({ summary: `remove group ${group}`, changes: draft.changes }),
    options,
  );
  return { ...plan, next: plan.exposed.length > 0 ? [renewNote(plan.exposed.length)] : [] };
}

function registered(fleet: Fleet, name: string): Member {
  const principal = whoIs(fleet, name);
  const member = memberOf(fleet, principal);
  if (member !== undefined && member.kind !== "groups") return member;
  throw new SecretsError("E_NOT_REGISTERED", `${name} is not in clan's registry`, {
    hint: `secrets user add ${principal.name} --age-key ${principal.keys[0]?.id ?? "KEY"}`,
  });
}

/** The configurations that have a list with the group's name as its anchor. */
function listConfigs({ configs }: Fleet, group: string): string[] {
  return configs.filter(({ anchors }) => anchors.some(({ list }) => list === group)).map(({ path }) => path);
}

function listed({ configs }: Fleet, config: string, group: string): ReadonlySet<string> {
  const anchors = configs.find(({ path }) => path === config)?.anchors ?? [];
  return new Set(anchors.flatMap(({ list, id }) => (list === group ? [id] : [])));
}
