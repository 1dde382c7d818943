/** A document that does not exist yet is sealed to whom its policy names: whoever was never approved is asked for first. */
import { groundAfter, type Plan } from "../actions/plan.ts";
import { loadFleet } from "../fleet/fleet.ts";
import { approve, keepApprovals, openGate } from "./approval.ts";
import type { Context } from "./context.ts";
import type { LocalWorkplace } from "./workplace.ts";

/**
 * Applies the plan of a change of values, in which only new documents are sealed to somebody.
 * @throws SecretsError `E_NOT_APPROVED`, and whatever applying throws: then nothing was changed
 */
export async function applyValues(context: Context, workplace: LocalWorkplace, plan: Plan): Promise<void> {
  const made = new Set(
    plan.changes.flatMap(({ change }) => (change.kind === "write" && change.expect === "absent" ? [change.path] : [])),
  );
  if (made.size === 0) {
    await workplace.apply(plan);
    return;
  }
  const { documents } = await loadFleet(groundAfter(workplace.ground, plan.changes));
  const sealedTo = documents.flatMap(({ path, readers }) => (made.has(path as never) ? readers : []));
  const gate = await openGate(workplace, { policy: [], sealedTo }, new Set(), []);
  await approve(context, gate, "secrets trust accept");
  await workplace.apply(plan);
  await keepApprovals(context, gate);
}
