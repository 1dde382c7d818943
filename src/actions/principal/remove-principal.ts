/** `secrets user rm` and `secrets machine rm`: out of both registries, out of every group, out of every document. */
import { type AccessPlan, keyName, policyEdit } from "../rekey/access-plan.ts";
import { type PlanOptions, planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import { renewNote } from "../renew-note.ts";
import type { Workplace } from "../workplace.ts";
import { dropIfEmpty, editStatements, foldersLinking, groupOfFolder, refuseShared } from "./places.ts";
import { memberOf, namedAs, type PersonOrMachine } from "./who.ts";

/** @throws SecretsError `E_NOT_FOUND`, `E_KEY_SHARED`, and what `planAccess` throws: `E_LAST_PERSON` among them. */
export async function planRemovePrincipal(
  workplace: Workplace,
  kind: PersonOrMachine,
  name: string,
  options: PlanOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const principal = namedAs(fleet, kind, name);
  refuseShared(fleet, principal, principal.keys);
  const draft = new PolicyDraft(workplace.ground);
  const reason = `${kind} ${principal.name} goes`;
  const member = memberOf(fleet, principal);
  if (member !== undefined) {
    for (const { folder, path } of await foldersLinking(draft, member)) {
      await draft.remove(path, reason);
      const group = groupOfFolder(folder);
      if (group !== undefined) await dropIfEmpty(draft, group);
    }
    await draft.removeAll(`sops/${member.kind}/${member.name}`, reason);
    if (kind === "machine")
      await draft.removeAll(`sops/secrets/${member.name}-age.key`, `private key of ${member.name}`);
  }
  for (const key of principal.keys) {
    await editStatements(fleet, draft, key, { kind: "remove-key", id: key.id }, reason);
  }
  const owned = fleet.documents.filter(
    ({ parts }) => kind === "machine" && parts.kind === "var" && parts.machine === principal.name,
  );
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: `remove ${kind} ${principal.name}`,
      changes: draft.changes,
      dropped: new Set(principal.keys.map(keyName)),
      warnings:
        owned.length === 0
          ? []
          : [
              `${owned.length === 1 ? "1 secret" : `${owned.length} secrets`} of ${principal.name} itself ${owned.length === 1 ? "stays" : "stay"}, for the people who can read ${owned.length === 1 ? "it" : "them"}: secrets rm ADDRESS removes one`,
            ],
    }),
    options,
  );
  return { ...plan, next: plan.exposed.length > 0 ? [renewNote(plan.exposed.length)] : [] };
}
