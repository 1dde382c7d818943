/** The keys that a person means by a name or a key, for `--allow` and for `secrets trust`. */
import type { Fleet } from "../../fleet/fleet.ts";
import { parseStatedKey } from "../principal/stated-key.ts";
import { keyHolders, whoIs } from "../principal/who.ts";
import type { PlannedReader } from "../rekey/access-plan.ts";

/** @throws SecretsError `E_NOT_FOUND`, `E_AMBIGUOUS`, `E_RECIPIENT` */
export function keysOf(fleet: Fleet, texts: readonly string[]): PlannedReader[] {
  return texts.flatMap((text): PlannedReader[] => {
    if (/^(age1|ssh-)/.test(text) || /^[0-9A-Fa-f]{40}$/.test(text)) {
      const { type, id } = parseStatedKey(text);
      const name = fleet.principals.nameOf(id);
      return [{ type, id, ...(name === undefined ? {} : { name }) }];
    }
    return keyHolders(fleet, whoIs(fleet, text)).flatMap((holder) =>
      holder.keys.map(({ type, id }) => ({ type, id, name: holder.name })),
    );
  });
}
