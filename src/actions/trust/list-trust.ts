/** `secrets trust ls`: who is approved on this clone, and whom documents or their policies name without that. */
import type { Fleet } from "../../fleet/fleet.ts";
import { describeNewcomers, type FindProvenance, type Newcomer } from "./newcomers.ts";
import type { Approval, ApprovedKey, Trust } from "./trust.ts";

export interface TrustList {
  readonly schemaVersion: 1;
  readonly approved: readonly Approval[];
  readonly waiting: readonly Newcomer[];
}

/** @param find asks the history about those who wait */
export async function listTrust(fleet: Fleet, trust: Trust, find: FindProvenance): Promise<TrustList> {
  const waiting = new Map<string, ApprovedKey>();
  for (const { policy, readers } of fleet.documents) {
    for (const { type, id, name } of [...policy.readers, ...readers]) {
      if (trust.isApproved({ type, id })) continue;
      waiting.set(`${type} ${id}`, { type, id, ...(name === undefined ? {} : { name }) });
    }
  }
  return {
    schemaVersion: 1,
    approved: trust.approvals,
    waiting: await describeNewcomers(fleet, [...waiting.values()], find),
  };
}
