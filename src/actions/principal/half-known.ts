/** Somebody whom one tier knows already by these very keys: adding them makes them known to the other. */
import { matchAnchor, NameIndex } from "../../fleet/anchor-name.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";
import { keyName } from "../rekey/access-plan.ts";
import type { StatedPublicKey } from "./stated-key.ts";
import type { PersonOrMachine } from "./who.ts";

/** Undefined also for somebody who has other keys, or more, or whom both tiers know. */
export function knownToOneTier(
  { principals }: Fleet,
  kind: PersonOrMachine,
  name: string,
  keys: readonly StatedPublicKey[],
): Principal | undefined {
  const owner = principals.ownerOf(keys[0]?.id ?? "");
  const known =
    principals.find(name, kind) ??
    principals.find(name, "unknown") ??
    // An anchor says more than the name: `&admin_eve` is eve.
    (owner !== undefined && matchAnchor(owner.name, new NameIndex([{ name, kind }])) !== undefined ? owner : undefined);
  if (known === undefined || known.keys.length !== keys.length) return undefined;
  const has = new Set(known.keys.map(keyName));
  const tiers = new Set(known.keys.flatMap(({ origins }) => origins.map(({ tier }) => tier)));
  return keys.every((key) => has.has(keyName(key))) && tiers.size === 1 ? known : undefined;
}
