/** What a machine reads because it does the same work as another one. */
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { groupsWith } from "../principal/groups.ts";
import { namedAs } from "../principal/who.ts";
import { keyName } from "../rekey/access-plan.ts";

export interface Alike {
  readonly groups: readonly string[];
  /** What both read, when it is granted. */
  readonly documents: readonly FleetDocument[];
  /** What is the other machine's own: `vars/OTHER/…`. Two machines with one host key would be one. */
  readonly own: readonly FleetDocument[];
}

/** @throws SecretsError `E_NOT_FOUND` */
export function readsLike(fleet: Fleet, other: string): Alike {
  const principal = namedAs(fleet, "machine", other);
  const keys = new Set(principal.keys.map(keyName));
  const documents = fleet.documents.filter(({ tier, policy }) =>
    policy.readers.some(
      (reader) => keys.has(keyName(reader)) && (tier === "files" || reader.reasons.includes(`machines/${other}`)),
    ),
  );
  const own = documents.filter(({ parts }) => isOwn(parts, other));
  return { groups: groupsWith(fleet, principal), documents: documents.filter((one) => !own.includes(one)), own };
}

function isOwn(parts: FleetDocument["parts"], machine: string): boolean {
  if (parts.kind === "secret") return parts.name === `${machine}-age.key`;
  return parts.kind === "var" && parts.machine === machine;
}
