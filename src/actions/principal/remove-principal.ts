/** `secrets user rm` and `secrets machine rm`: out of both registries, out of every group, out of every document. */
import { dropKnownHost, KNOWN_HOSTS } from "../machine/known-hosts.ts";
import { type AccessPlan, keyName, policyEdit } from "../rekey/access-plan.ts";
import { type PlanOptions, planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import { renewNote } from "../renew-note.ts";
import type { Workplace } from "../workplace.ts";
import { dropEmptyRules, dropOrphans, readByNobodyElse, refuseOrphans } from "./only-reader.ts";
import { dropIfEmpty, editStatements, foldersLinking, groupOfFolder, refuseShared } from "./places.ts";
import { memberOf, namedAs, type PersonOrMachine, whoText } from "./who.ts";

export interface RemoveOptions extends PlanOptions {
  /** What nobody else could read goes as well, instead of being a reason to refuse. */
  readonly dropDocuments?: boolean;
}

/** @throws SecretsError `E_NOT_FOUND`, `E_KEY_SHARED`, `E_ONLY_READER`, and what `planAccess` throws: `E_LAST_PERSON` among them. */
export async function planRemovePrincipal(
  workplace: Workplace,
  kind: PersonOrMachine,
  name: string,
  options: RemoveOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const principal = namedAs(fleet, kind, name);
  refuseShared(fleet, principal, principal.keys);
  const orphans = readByNobodyElse(fleet, principal).filter(({ path }) => path !== sealedKeyOf(principal.name));
  if (options.dropDocuments !== true) refuseOrphans(principal, orphans);
  const draft = new PolicyDraft(workplace.ground);
  const dropped = await dropOrphans(draft, principal, orphans);
  await dropEmptyRules(fleet, draft, principal, orphans);
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
  if (kind === "machine") await dropKnownHost(draft, KNOWN_HOSTS, principal.name, reason);
  for (const key of principal.keys) {
    await editStatements(fleet, draft, key, { kind: "remove-key", id: key.id }, reason);
  }
  const owned = fleet.documents.filter(
    (document) =>
      kind === "machine" &&
      document.parts.kind === "var" &&
      document.parts.machine === principal.name &&
      !orphans.includes(document),
  );
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: `remove ${kind} ${principal.name}`,
      changes: draft.changes,
      dropped: new Set(principal.keys.map(keyName)),
      warnings: [
        ...dropped,
        ...(owned.length === 0
          ? []
          : [
              `${owned.length === 1 ? "1 secret" : `${owned.length} secrets`} of ${principal.name} itself ${owned.length === 1 ? "stays" : "stay"}, for the people who can read ${owned.length === 1 ? "it" : "them"}: secrets rm ADDRESS removes one`,
            ]),
      ],
    }),
    options,
  );
  return { ...plan, next: plan.exposed.length > 0 ? [renewNote(plan.exposed, whoText(principal))] : [] };
}

/** The machine's own private key, sealed: it goes with the machine, whoever reads it. */
function sealedKeyOf(name: string): string {
  return `sops/secrets/${name}-age.key/secret`;
}
