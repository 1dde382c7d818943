/** `secrets trust ls`: who is approved on this clone, and whom the policy asks for without that. */
import type { Fleet } from "../../fleet/fleet.ts";
import type { Root } from "../../repo/root.ts";
import { keyName, type PlannedReader } from "../rekey/access-plan.ts";
import { describeNewcomer, type Newcomer } from "./newcomers.ts";
import type { Approval, Trust } from "./trust.ts";

export interface TrustList {
  readonly approved: readonly Approval[];
  readonly waiting: readonly Newcomer[];
}

export async function listTrust(root: Root, fleet: Fleet, trust: Trust): Promise<TrustList> {
  const wanted = new Map<string, PlannedReader>();
  for (const { policy, readers } of fleet.documents) {
    for (const { type, id } of [...policy.readers, ...readers]) {
      const name = fleet.principals.nameOf(id);
      wanted.set(keyName({ type, id }), { type, id, ...(name === undefined ? {} : { name }) });
    }
  }
  const waiting = [...wanted.values()].filter((reader) => !trust.isApproved(reader));
  return {
    approved: trust.approvals,
    waiting: await Promise.all(waiting.map((reader) => describeNewcomer(root, fleet, reader))),
  };
}
