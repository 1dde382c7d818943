/** `secrets user add`: a person made known to both tiers, and the documents that they shall read. */
import type { FleetDocument } from "../../fleet/document.ts";
import { type Fleet, loadFleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";
import { type AccessPlan, keyName, policyEdit } from "../rekey/access-plan.ts";
import { documentsAt } from "../rekey/documents-at.ts";
import { draftGrant, type OnSharedRule } from "../rekey/draft-grant.ts";
import { type PlanOptions, planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import type { Workplace } from "../workplace.ts";
import { enter } from "./enter.ts";
import { groupsWith, isGroup, joinGroup, noGroup } from "./groups.ts";
import { knownToOneTier } from "./half-known.ts";
import { clanNote, refuseKnownName, refuseNewName } from "./new-name.ts";
import { refuseTaken, type StatedPublicKey } from "./stated-key.ts";
import { keyHolders, namedAs } from "./who.ts";

export interface AddUserOptions extends PlanOptions {
  readonly groups: readonly string[];
  /** Addresses. */
  readonly documents: readonly string[];
  /** Reads whatever this user reads, and belongs to the same groups. */
  readonly like?: string;
  readonly onSharedRule: OnSharedRule;
}

/** @throws SecretsError `E_NAME`, `E_EXISTS`, `E_KEY_TAKEN`, and what `planAccess` and `draftGrant` throw. */
export async function planAddUser(
  workplace: Workplace,
  name: string,
  given: readonly StatedPublicKey[],
  options: AddUserOptions,
): Promise<AccessPlan> {
  const keys = [...new Map(given.map((key) => [keyName(key), key])).values()];
  const fleet = await workplace.fleet();
  refuseNewName("user", name);
  const half = knownToOneTier(fleet, "user", name, keys);
  refuseKnownName(fleet, "user", name, half);
  refuseTaken(fleet, keys, half, options.force === true);
  const draft = new PolicyDraft(workplace.ground);
  await enter(fleet, draft, "user", name, keys);
  const entered = await loadFleet(draft.ground);
  const groups = new Set([
    ...options.groups,
    ...(options.like === undefined ? [] : groupsWith(fleet, namedAs(fleet, "user", options.like))),
  ]);
  for (const group of groups) {
    if (!isGroup(entered, group)) throw noGroup(fleet, group);
    await joinGroup(entered, draft, group, name);
  }
  const known = await loadFleet(draft.ground);
  const documents = new Set(await documentsAt(known, options.documents));
  if (options.like !== undefined) for (const document of readBy(known, options.like)) documents.add(document);
  const principal = namedAs(known, "user", name);
  await draftGrant(known, draft, principal, [...documents], options.onSharedRule);
  const ids = new Set(keys.map(({ id }) => id));
  const named = new Set([...documents].map(({ path }) => path));
  return planAccess(
    workplace,
    policyEdit({
      summary: `add user ${name}`,
      changes: draft.changes,
      warnings: [clanNote(fleet, "user", name) ?? []].flat(),
      next: [
        ...(documents.size + groups.size === 0 ? [`secrets grant ${name} ADDRESS… lets ${name} read something`] : []),
      ],
    }),
    // Named by the policy already and not sealed to: whoever is added is to read these.
    { ...options, sync: ({ path, missing }) => named.has(path) && missing.some((id) => ids.has(id)) },
  );
}

/** What somebody reads by their own name; what they read as a member of a group comes with the group. */
function readBy(fleet: Fleet, like: string): FleetDocument[] {
  const other: Principal = namedAs(fleet, "user", like);
  const keys = new Set(keyHolders(fleet, other).flatMap((holder) => holder.keys.map(keyName)));
  return fleet.documents.filter(({ tier, policy }) =>
    policy.readers.some(
      (reader) => keys.has(keyName(reader)) && (tier === "files" || reader.reasons.includes(`users/${like}`)),
    ),
  );
}
