/** `secrets rotate data-keys`: the same readers, other data keys; all documents, or those whose data key is old. */

import { SecretsError } from "../errors.ts";
import type { FleetDocument } from "../fleet/document.ts";
import type { Root } from "../repo/root.ts";
import { scopeOf } from "./check/scope.ts";
import { dataKeyAges, isOlder } from "./data-key-age.ts";
import { namedFew } from "./named-few.ts";
import { type AccessPlan, policyEdit } from "./rekey/access-plan.ts";
import { type PlanOptions, planAccess } from "./rekey/plan-access.ts";
import type { Workplace } from "./workplace.ts";

const DAY = 86_400_000;

/** @param olderThan milliseconds; undefined: whatever their age @throws SecretsError what {@link planAccess} throws */
export async function planRotateDataKeys(
  workplace: Workplace,
  repository: Root,
  paths: readonly string[],
  olderThan: number | undefined,
  options: PlanOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const inScope = await scopeOf(fleet, paths);
  const documents = fleet.documents.filter(({ path }) => inScope(path));
  const { due, unknown } = await dueDocuments(workplace, repository, documents, olderThan);
  const plan = await planAccess(workplace, policyEdit({ summary: "", warnings: unknown }), {
    ...options,
    freshDataKey: ({ path }) => due.has(path),
  });
  const count = plan.documents.length;
  const summary =
    count === 0
      ? olderThan === undefined
        ? "there is no document here"
        : `no data key is older than ${counted(Math.max(1, Math.round(olderThan / DAY)), "day")}`
      : `make new data keys for ${counted(count, "document")}`;
  return { ...plan, summary };
}

async function dueDocuments(
  workplace: Workplace,
  repository: Root,
  documents: readonly FleetDocument[],
  olderThan: number | undefined,
): Promise<{ due: ReadonlySet<string>; unknown: string[] }> {
  if (olderThan === undefined) return { due: new Set(documents.map(({ path }) => path)), unknown: [] };
  const limit = new Date(workplace.now().getTime() - olderThan);
  const ages = await dataKeyAges(repository, workplace.ground, documents, { now: workplace.now(), limit });
  const due = new Set<string>();
  const unsure: string[] = [];
  let untold = 0;
  for (const { path } of documents) {
    const age = ages.get(path);
    if (age === undefined) continue;
    const older = isOlder(age, limit);
    if (older === true) due.add(path);
    else if (older === undefined && age.source === "shallow") unsure.push(path);
    else if (older === undefined) untold++;
  }
  if (unsure.length > 0) {
    throw new SecretsError(
      "E_SHALLOW",
      `the history here is cut off, so the age of ${counted(unsure.length, "data key")} cannot be told`,
      {
        hint: [
          ...namedFew(unsure),
          "fetch all of it: git fetch --unshallow, or fetch-depth: 0 in the checkout step; or leave out --older-than",
        ].join("\n"),
      },
    );
  }
  if (untold === 0) return { due, unknown: [] };
  return {
    due,
    unknown: [
      untold === 1
        ? "1 document was never committed: its data key is as old as the file says, or older"
        : `${untold} documents were never committed: their data keys are as old as the files say, or older`,
    ],
  };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
