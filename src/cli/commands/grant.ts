/** `secrets grant WHO ADDRESS…` and `secrets revoke WHO ADDRESS…`. */
import { planGrant } from "../../actions/grant.ts";
import { planRevoke } from "../../actions/revoke.ts";
import { addressHere } from "../address-here.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { type RuleFlags, sharedRuleAnswer } from "../shared-rule.ts";
import { progress } from "../terminal/progress.ts";
import { openWorkplace } from "../workplace.ts";

export interface AccessFlags extends ChangeFlags, RuleFlags {
  readonly keepDataKey?: boolean;
  readonly force?: boolean;
}

export function grant(this: Context, flags: AccessFlags, who: string, ...typed: string[]): Promise<void> {
  return change(this, flags, planGrant, who, typed);
}

export function revoke(this: Context, flags: AccessFlags, who: string, ...typed: string[]): Promise<void> {
  return change(this, flags, planRevoke, who, typed);
}

async function change(
  context: Context,
  flags: AccessFlags,
  plan: typeof planGrant,
  who: string,
  typed: readonly string[],
): Promise<void> {
  const onSharedRule = sharedRuleAnswer(context, flags);
  const workplace = await openWorkplace(context);
  const { root } = workplace.ground;
  const addresses = await Promise.all(typed.map((address) => addressHere(context, root, address)));
  const made = await progress(context.terminal, "sealing", (onProgress) =>
    plan(workplace, who, addresses, { ...flags, onSharedRule, onProgress }),
  );
  await conduct(context, workplace, made, flags);
}
