/** After a change: what lies in the work tree now is read again, and must be what the plan said. */
import { SecretsError } from "../../errors.ts";
import type { Workplace } from "../workplace.ts";
import { type AccessPlan, keyName } from "./access-plan.ts";

/**
 * @param workplace opened anew: nothing of what was read before counts
 * @throws SecretsError `E_READ_BACK` naming the first document whose readers are not those of the plan
 */
export async function refuseUnread(workplace: Workplace, plan: AccessPlan): Promise<void> {
  if (plan.documents.length === 0) return;
  const fleet = await workplace.fleet();
  const known = new Map(fleet.documents.map((document) => [document.path, document]));
  for (const { path, added, removed } of plan.documents) {
    const readers = new Set(known.get(path)?.readers.map(keyName));
    const right = added.every((one) => readers.has(keyName(one))) && !removed.some((one) => readers.has(keyName(one)));
    if (right) continue;
    throw new SecretsError("E_READ_BACK", "the change was written, and this document reads differently than planned", {
      location: { file: path },
      hint: "somebody else may have written it just now: secrets check says how it stands; secrets undo takes the change back",
    });
  }
}
