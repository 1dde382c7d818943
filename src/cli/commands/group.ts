/** `secrets group add|rm|ls|add-member|rm-member`. */
import {
  planAddGroup,
  planAddMembers,
  planRemoveGroup,
  planRemoveMembers,
} from "../../actions/principal/change-group.ts";
import type { AccessPlan } from "../../actions/rekey/access-plan.ts";
import type { PlanOptions } from "../../actions/rekey/plan-access.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { progress } from "../terminal/progress.ts";
import { type LocalWorkplace, openWorkplace } from "../workplace.ts";

export interface GroupFlags extends ChangeFlags {
  readonly keepDataKey?: boolean;
  readonly force?: boolean;
}

export function addGroup(this: Context, flags: GroupFlags, group: string, ...members: string[]): Promise<void> {
  return change(this, flags, (workplace, options) => planAddGroup(workplace, group, members, options));
}

export function addMember(this: Context, flags: GroupFlags, group: string, ...members: string[]): Promise<void> {
  return change(this, flags, (workplace, options) => planAddMembers(workplace, group, members, options));
}

export function removeMember(this: Context, flags: GroupFlags, group: string, ...members: string[]): Promise<void> {
  return change(this, flags, (workplace, options) => planRemoveMembers(workplace, group, members, options));
}

export function removeGroup(this: Context, flags: GroupFlags, group: string): Promise<void> {
  return change(this, flags, (workplace, options) => planRemoveGroup(workplace, group, options));
}

async function change(
  context: Context,
  flags: GroupFlags,
  plan: (workplace: LocalWorkplace, options: PlanOptions) => Promise<AccessPlan>,
): Promise<void> {
  const workplace = await openWorkplace(context);
  const made = await progress(context.terminal, "sealing", (onProgress) => plan(workplace, { ...flags, onProgress }));
  await conduct(context, workplace, made, flags);
}
