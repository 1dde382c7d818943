/** `secrets grant WHO ADDRESS…`: a link in tier 1, an edit of the rule in tier 2, and the documents sealed to the new reader. */
import { keyHolders, whoIs, whoText } from "./principal/who.ts";
import { type AccessPlan, policyEdit } from "./rekey/access-plan.ts";
import { documentsAt } from "./rekey/documents-at.ts";
import { draftGrant, type OnSharedRule } from "./rekey/draft-grant.ts";
import { type PlanOptions, planAccess } from "./rekey/plan-access.ts";
import { PolicyDraft } from "./rekey/policy-draft.ts";
import type { Workplace } from "./workplace.ts";

export interface GrantOptions extends PlanOptions {
  readonly onSharedRule: OnSharedRule;
}

/**
 * @throws SecretsError `E_NOT_FOUND`, `E_NOT_REGISTERED` for somebody whom the tier does not know, `E_NO_RULE` for a
 *   document that no rule covers, and what {@link planAccess} throws.
 */
export async function planGrant(
  workplace: Workplace,
  who: string,
  addresses: readonly string[],
  options: GrantOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const principal = whoIs(fleet, who);
  const documents = await documentsAt(fleet, addresses);
  const draft = new PolicyDraft(workplace.ground);
  await draftGrant(fleet, draft, principal, documents, options.onSharedRule);
  const named = new Set(documents.map(({ path }) => path));
  const keys = new Set(keyHolders(fleet, principal).flatMap((holder) => holder.keys.map(({ id }) => id)));
  const plan = await planAccess(workplace, policyEdit({ summary: "", changes: draft.changes }), {
    ...options,
    // Named already but not sealed to: granting means that they can read.
    sync: ({ path, missing }) => named.has(path) && missing.some((id) => keys.has(id)),
  });
  const count = plan.documents.length || documents.length;
  const summary =
    plan.changes.length === 0
      ? `${whoText(principal)} reads ${documents.length === 1 ? "it" : "all of them"} already`
      : `grant ${whoText(principal)} ${count === 1 ? ((plan.documents[0] ?? documents[0])?.address ?? "") : `${count} documents`}`;
  return { ...plan, summary };
}
