/** `secrets group`: who belongs to a group, in clan's registry and in the lists of `.sops.yaml` that bear its name. */
import { SecretsError } from "../../errors.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { type AccessPlan, keyName, policyEdit } from "../rekey/access-plan.ts";
import { type PlanOptions, planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import { renewNote } from "../renew-note.ts";
import type { Workplace } from "../workplace.ts";
import { followGroup, otherMembers } from "./group-rules.ts";
import { isGroup, joinGroup, listConfigs, noGroup } from "./groups.ts";
import { clanNote, refuseKnownName, refuseNewName } from "./new-name.ts";
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
  refuseNewName("group", group);
  refuseKnownName(fleet, "group", group);
  const plan = await addMembers(workplace, group, members, options);
  return {
    ...plan,
    summary: `add group ${group}`,
    warnings: [clanNote(fleet, "group", group) ?? [], ...plan.warnings].flat(),
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
  if (isGroup(fleet, group)) return addMembers(workplace, group, members, options);
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
  for (const name of members) await joinGroup(fleet, draft, group, name);
  const joining = members.map((name) => whoIs(fleet, name));
  const others = otherMembers(fleet, group, joining);
  return planAccess(
    workplace,
    policyEdit({
      summary: `add ${members.join(", ")} to group ${group}`,
      changes: draft.changes,
      next:
        listConfigs(fleet, group).length > 0 ? [] : joining.flatMap((one) => followGroup(fleet, "grant", one, others)),
    }),
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
  const gone = new Set<string>();
  for (const name of members) {
    const principal = whoIs(fleet, name);
    const reason = `${principal.name} leaves ${group}`;
    const member = memberOf(fleet, principal);
    // By where the links lead: one may bear another name.
    const own = member === undefined ? [] : await foldersLinking(draft, member);
    const mine = own.filter(({ folder }) => folder === `sops/groups/${group}`);
    for (const { path } of mine) await draft.remove(path, reason);
    let inList = false;
    for (const config of lists) {
      for (const { id } of keyHolders(fleet, principal).flatMap(({ keys }) => keys)) {
        if (!listed(fleet, config, group).has(id)) continue;
        inList = true;
        await draft.editConfig(config, [{ kind: "remove-from-list", list: group, id }], reason);
      }
    }
    for (const key of keyHolders(fleet, principal).flatMap(({ keys }) => keys)) gone.add(keyName(key));
    if (mine.length > 0 || inList) continue;
    throw new SecretsError("E_NOT_FOUND", `${principal.name} is not in group ${group}`, {
      hint: `members: ${known?.members.map((one) => one.name).join(", ") ?? "none"}`,
    });
  }
  const leaving = members.map((name) => whoIs(fleet, name));
  const others = otherMembers(fleet, group, leaving);
  const named = lists.length > 0 ? [] : leaving.flatMap((one) => followGroup(fleet, "revoke", one, others));
  const empty = known !== undefined && (await dropIfEmpty(draft, group));
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: `remove ${members.join(", ")} from group ${group}`,
      changes: draft.changes,
      dropped: gone,
      droppedFrom: readBy(fleet, group),
      warnings: empty ? [`group ${group} has no member left and is gone, with every link to it`] : [],
    }),
    options,
  );
  return { ...plan, next: [...(plan.exposed.length > 0 ? [renewNote(plan.exposed)] : []), ...named] };
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
    policyEdit({
      summary: `remove group ${group}`,
      changes: draft.changes,
      dropped: new Set(keyHolders(fleet, whoIs(fleet, `groups/${group}`)).flatMap(({ keys }) => keys.map(keyName))),
      droppedFrom: readBy(fleet, group),
      warnings: listConfigs(fleet, group).map(
        (config) => `${config} still has a list of this name, and its rules may use it`,
      ),
    }),
    options,
  );
  return { ...plan, next: plan.exposed.length > 0 ? [renewNote(plan.exposed)] : [] };
}

/** Where the group is a way to read: there who leaves it goes, even if a link beside it leads nowhere. */
function readBy({ documents }: Fleet, group: string): (document: FleetDocument) => boolean {
  const start = `groups/${group}/`;
  const paths = new Set(
    documents.flatMap(({ path, policy }) =>
      policy.readers.some(({ reasons }) => reasons.some((reason) => reason.startsWith(start))) ? [path] : [],
    ),
  );
  return ({ path }) => paths.has(path);
}

function listed({ configs }: Fleet, config: string, group: string): ReadonlySet<string> {
  const anchors = configs.find(({ path }) => path === config)?.anchors ?? [];
  return new Set(anchors.flatMap(({ list, id }) => (list === group ? [id] : [])));
}
