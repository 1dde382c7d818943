/** `secrets revoke WHO ADDRESS…`: the links or the rule no longer name them, and the documents get a new data key. */

import { SecretsError } from "../errors.ts";
import type { FleetDocument } from "../fleet/document.ts";
import { type Fleet, loadFleet } from "../fleet/fleet.ts";
import { parentOf } from "../fleet/path-index.ts";
import type { Principal } from "../fleet/principals.ts";
import type { GrantOptions } from "./grant.ts";
import { namedFew } from "./named-few.ts";
import { foldersLinking } from "./principal/places.ts";
import { keyHolders, memberOf, strangerAt, whoIs, whoText } from "./principal/who.ts";
import { type AccessPlan, keyName, policyEdit } from "./rekey/access-plan.ts";
import { documentsAt } from "./rekey/documents-at.ts";
import { planAccess } from "./rekey/plan-access.ts";
import { PolicyDraft } from "./rekey/policy-draft.ts";
import { decidingRule, ownRuleFor, sharedRules } from "./rekey/rule-scope.ts";
import { renewNote } from "./renew-note.ts";
import type { Workplace } from "./workplace.ts";

/** @throws SecretsError `E_STILL_READS` when somebody keeps access another way; what {@link planAccess} throws. */
export async function planRevoke(
  workplace: Workplace,
  who: string,
  addresses: readonly string[],
  options: GrantOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  // A key of nobody can be taken out as well: it may have been brought in by whoever should not have.
  const principal = strangerAt(fleet, who) ?? whoIs(fleet, who);
  const documents = await documentsAt(fleet, addresses);
  const keys = new Set(keyHolders(fleet, principal).flatMap((holder) => holder.keys.map(keyName)));
  const draft = new PolicyDraft(workplace.ground);
  const reason = `no longer ${whoText(principal)}`;
  await unlinkVars(fleet, documents, principal, draft, reason);
  const ruled = documents.filter(
    ({ tier, policy }) => tier === "files" && policy.readers.some((reader) => keys.has(keyName(reader))),
  );
  for (const shared of sharedRules(fleet, ruled)) {
    const own = shared.others.length > 0 && (await options.onSharedRule(shared)) === "own";
    for (const document of own ? shared.documents : shared.documents.slice(0, 1)) {
      if (own) await ownRuleFor(draft, shared.config, document.path, reason);
      const rule = await decidingRule(draft, shared.config, document.path);
      const ids = rule.keyGroups.flat().flatMap((key) => (keys.has(keyName(key)) ? [key.id] : []));
      if (ids.length > 0) await draft.editConfig(shared.config, [{ kind: "revoke", rule: rule.line, ids }], reason);
    }
  }
  const ways = await otherWays(draft, documents, keys);
  if (ways.length > 0 && principal.kind !== "group") throw stillReads(principal, ways);
  const named = new Set(documents.map(({ path }) => path));
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: "",
      changes: draft.changes,
      dropped: keys,
      droppedFrom: ({ path }) => named.has(path),
      warnings: [...membersStay(ways), ...mayComeBack(documents)],
    }),
    options,
  );
  const count = plan.documents.length || documents.length;
  const summary =
    plan.changes.length === 0
      ? `${whoText(principal)} does not read ${documents.length === 1 ? "it" : "any of them"}`
      : `revoke ${whoText(principal)} from ${count === 1 ? ((plan.documents[0] ?? documents[0])?.address ?? "") : `${count} documents`}`;
  return { ...plan, summary, next: plan.exposed.length > 0 ? [renewNote(plan.exposed)] : [] };
}

/** By where the links lead: one that bears another name counts for whom it leads to, as clan reads it. */
async function unlinkVars(
  fleet: Fleet,
  documents: readonly FleetDocument[],
  principal: Principal,
  draft: PolicyDraft,
  reason: string,
): Promise<void> {
  const member = memberOf(fleet, principal);
  if (member === undefined) return;
  const folders = new Set(documents.flatMap(({ tier, path }) => (tier === "vars" ? [parentOf(path)] : [])));
  if (folders.size === 0) return;
  for (const { folder, path } of await foldersLinking(draft, member)) {
    if (folders.has(folder)) await draft.remove(path, reason);
  }
}

/** By which each key can still read, as `address: by reason`. */
async function otherWays(
  draft: PolicyDraft,
  documents: readonly FleetDocument[],
  keys: ReadonlySet<string>,
): Promise<string[]> {
  const after = await loadFleet(draft.ground);
  const byPath = new Map(after.documents.map((document) => [document.path, document]));
  return documents.flatMap(({ path, address }) => {
    const still = byPath.get(path)?.policy.readers.filter((reader) => keys.has(keyName(reader))) ?? [];
    return [...new Set(still.flatMap(({ reasons }) => reasons))].map((way) => `${address}: by ${way}`);
  });
}

function stillReads(principal: Principal, ways: readonly string[]): SecretsError {
  const group = /by groups\/([^/]+)\/(?:users|machines)\/(.+)$/.exec(ways[0] ?? "");
  return new SecretsError(
    "E_STILL_READS",
    `${whoText(principal)} would still read ${ways.length === 1 ? "it" : "some of them"} another way`,
    {
      hint: [
        ...namedFew(ways),
        group === null
          ? "take that way away as well"
          : `take them out of the group: secrets group rm-member ${group[1]} ${group[2]}`,
        "or revoke the group from the document: secrets revoke groups/NAME ADDRESS",
      ].join("\n"),
    },
  );
}

/** What cannot be read cannot be edited either: it may name them, and the next sync would let them in again. */
function mayComeBack(documents: readonly FleetDocument[]): string[] {
  const unclear = documents.filter(({ tier, policy }) => tier === "files" && !policy.complete);
  return namedFew(
    unclear.map(
      ({ path }) => `${path}: what says who should read it cannot be used (secrets check), and may still name them`,
    ),
  );
}

/** What was taken away is the group's: a member with a link of their own was meant to read by that as well. */
function membersStay(ways: readonly string[]): string[] {
  return namedFew(ways.map((way) => `members still read ${way.replace(": by ", " by ")}`));
}
