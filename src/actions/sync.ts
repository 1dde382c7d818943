/** `secrets sync`: every document's readers brought in line with the policy, and links that clan would trip over mended. */

import { SecretsError } from "../errors.ts";
import type { Anomaly, AnomalyCode } from "../fleet/anomaly.ts";
import type { FleetDocument } from "../fleet/document.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { parentOf } from "../fleet/path-index.ts";
import { scopeOf } from "./check/scope.ts";
import { namedFew } from "./named-few.ts";
import { type AccessPlan, policyEdit } from "./rekey/access-plan.ts";
import { type PlanOptions, planAccess } from "./rekey/plan-access.ts";
import { PolicyDraft } from "./rekey/policy-draft.ts";
import type { Workplace } from "./workplace.ts";

/** What may hide a reader: a document whose policy has one of these is not brought in line by guess. */
const UNUSABLE: ReadonlySet<AnomalyCode> = new Set(["key-json", "key-missing", "rule", "config"]);
/**
 * @param paths relative to the root, or addresses; none at all means everything
 * @throws SecretsError `E_POLICY_UNCLEAR` naming what cannot be used, and what {@link planAccess} throws.
 */
export async function planSync(
  workplace: Workplace,
  paths: readonly string[],
  options: PlanOptions = {},
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const inScope = await scopeOf(fleet, paths);
  const documents = fleet.documents.filter(({ path }) => inScope(path));
  refuseUnclear(fleet, documents);
  const draft = new PolicyDraft(workplace.ground);
  const warnings: string[] = [];
  for (const document of documents) warnings.push(...(await restoreLinks(fleet, document, draft)));
  const plan = await planAccess(
    workplace,
    policyEdit({ summary: "", changes: draft.changes, warnings: [...warnings, ...leftAlone(documents)] }),
    { ...options, sync: ({ path }) => inScope(path) },
  );
  const [files, links] = [plan.documents.length, draft.changes.length];
  const parts = [
    ...(files === 0
      ? []
      : [`bring the readers of ${files} ${files === 1 ? "document" : "documents"} in line with the policy`]),
    ...(links === 0 ? [] : [`restore ${links} ${links === 1 ? "link" : "links"}`]),
  ];
  return { ...plan, summary: parts.join(", ") || "all readers are in line with the policy" };
}

/**
 * A machine that can open a secret and has no link for it is not locked out: clan's own `fix` does that, and then finds
 * nothing wrong. Taking a machine's access away is said in so many words (`revoke`).
 */
async function restoreLinks(fleet: Fleet, document: FleetDocument, draft: PolicyDraft): Promise<string[]> {
  const { tier, extra, path, address } = document;
  if (tier !== "vars") return [];
  const told: string[] = [];
  for (const id of extra) {
    const machine = [...fleet.registry.machines.values()].find(({ keys }) => keys.some((key) => key.id === id));
    if (machine === undefined) continue;
    await draft.link(parentOf(path), { kind: "machines", name: machine.name }, "the link was missing");
    told.push(
      `${address}: machine ${machine.name} reads it and had no link; to take it away: secrets revoke machines/${machine.name} ${address}`,
    );
  }
  return told;
}

function refuseUnclear(fleet: Fleet, documents: readonly FleetDocument[]): void {
  if (documents.every(({ policy }) => policy.complete)) return;
  const unread = new Set(fleet.configs.flatMap(({ path, sound }) => (sound ? [] : [path])));
  const faults = fleet.anomalies.filter(({ code, path }) => UNUSABLE.has(code) || unread.has(path));
  if (faults.length === 0) return;
  throw new SecretsError(
    "E_POLICY_UNCLEAR",
    "what says who should read cannot be used in full, so nobody is added or left out by guess",
    {
      hint: [
        ...namedFew(faults.map(tell)),
        "secrets check shows each with what mends it; or name paths that it does not touch",
      ].join("\n"),
    },
  );
}

function tell({ path, line, message }: Anomaly): string {
  return `${path}${line === undefined ? "" : `:${line}`}: ${message}`;
}

/** Where a link leads nowhere nobody is removed: it may be the one reader that is missing who matters. */
function leftAlone(documents: readonly FleetDocument[]): string[] {
  const unclear = documents.filter(({ policy, extra }) => !policy.complete && extra.length > 0);
  return unclear.map(
    ({ address }) => `${address}: readers that seem too many stay, because a link of it leads nowhere (secrets check)`,
  );
}
