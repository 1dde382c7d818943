/** Makes somebody a reader in the policy: by clan's link in tier 1, by an edit of the rule in tier 2. */
import { SecretsError } from "../../errors.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { parentOf } from "../../fleet/path-index.ts";
import type { Principal } from "../../fleet/principals.ts";
import { anchorsFor } from "../principal/config-anchors.ts";
import { keyHolders, memberOf, whoText } from "../principal/who.ts";
import type { PolicyDraft } from "./policy-draft.ts";
import { decidingRule, ownRuleFor, type SharedRule, sharedRules } from "./rule-scope.ts";

/** Asked when a rule that has to change decides for documents that were not named, too. */
export type OnSharedRule = (shared: SharedRule) => Promise<"own" | "whole">;

/**
 * @param fleet as the draft leaves it so far
 * @throws SecretsError `E_NOT_REGISTERED`, `E_NO_RULE`, `E_POLICY_UNCLEAR`, `E_CONFIG_EDIT`
 */
export async function draftGrant(
  fleet: Fleet,
  draft: PolicyDraft,
  principal: Principal,
  documents: readonly FleetDocument[],
  onSharedRule: OnSharedRule,
): Promise<void> {
  refuseUnsound(fleet, principal);
  const lacking = documents.filter((document) => !reads(fleet, document, principal));
  for (const document of lacking) if (document.tier === "vars") await grantVar(fleet, document, principal, draft);
  const files = lacking.filter(({ tier }) => tier === "files");
  await grantFiles(fleet, files, principal, draft, onSharedRule);
}

/**
 * Whose keys cannot all be read would be granted in part, and nobody would be told.
 * @throws SecretsError `E_POLICY_UNCLEAR`
 */
export function refuseUnsound(fleet: Fleet, principal: Principal): void {
  const holders = keyHolders(fleet, principal);
  const unsound = [principal, ...holders].find((one) => !one.sound || (one.kind !== "group" && one.keys.length === 0));
  if (unsound === undefined && holders.length > 0) return;
  const { kind, name } = unsound ?? principal;
  const isGroup = kind === "group";
  const what = isGroup ? (unsound === undefined ? "has no members" : "has a member that is not there") : undefined;
  throw new SecretsError("E_POLICY_UNCLEAR", `${name} ${what ?? "has no key, or one that cannot be used"}`, {
    location: { file: `sops/${isGroup ? "groups" : kind === "machine" ? "machines" : "users"}/${name}` },
    hint: "put that right first: secrets check says what is wrong",
  });
}

/** By the policy: every key of every holder is named. */
function reads(fleet: Fleet, { policy }: FleetDocument, principal: Principal): boolean {
  const expected = new Set(policy.readers.map(({ id }) => id));
  const keys = keyHolders(fleet, principal).flatMap((holder) => holder.keys);
  return keys.length > 0 && keys.every(({ id }) => expected.has(id));
}

async function grantVar(
  fleet: Fleet,
  document: FleetDocument,
  principal: Principal,
  draft: PolicyDraft,
): Promise<void> {
  const member = memberOf(fleet, principal);
  if (member === undefined && principal.kind === "group") {
    throw new SecretsError("E_NOT_REGISTERED", `${principal.name} is a list of .sops.yaml, and no group of clan's`, {
      location: { file: document.path },
      hint: `grant each of its members by name: ${principal.members.map(({ name }) => name).join(", ")}`,
    });
  }
  if (member === undefined) {
    throw new SecretsError(
      "E_NOT_REGISTERED",
      `${whoText(principal)} is known to .sops.yaml alone, and not to clan's registry`,
      {
        location: { file: document.path },
        hint: `make them known to both tiers: secrets user add ${principal.name} --age-key ${principal.keys[0]?.id ?? "KEY"}`,
      },
    );
  }
  await draft.link(parentOf(document.path), member, `reader ${whoText(principal)}`);
}

async function grantFiles(
  fleet: Fleet,
  documents: readonly FleetDocument[],
  principal: Principal,
  draft: PolicyDraft,
  onSharedRule: OnSharedRule,
): Promise<void> {
  const reason = `reader ${whoText(principal)}`;
  for (const shared of sharedRules(fleet, documents)) {
    const { config } = shared;
    const own = shared.others.length > 0 && (await onSharedRule(shared)) === "own";
    const holders = keyHolders(fleet, principal);
    const keys = await anchorsFor(draft, config, holders, reason);
    for (const document of own ? shared.documents : shared.documents.slice(0, 1)) {
      if (own) await ownRuleFor(draft, config, document.path, reason);
      const rule = await decidingRule(draft, config, document.path);
      const present = new Set(rule.keyGroups.flat().map(({ id }) => id));
      const lacking = keys.filter(({ id }) => !present.has(id));
      if (lacking.length === 0) continue;
      const edit = {
        kind: "grant",
        rule: rule.line,
        keys: lacking.map(({ text, anchor }) => ({ text, anchor })),
      } as const;
      await draft.editConfig(config, [edit], reason);
    }
  }
}
