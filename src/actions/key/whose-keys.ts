/** To whom of a fleet the keys of the person who runs this belong. */
import type { Keyring } from "../../age/keyring.ts";
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";
import { shellWord } from "../check/shell-word.ts";
import { namedAs, whoText } from "../principal/who.ts";

export interface Whose {
  readonly principal: Principal;
  /** What it was told by. */
  readonly by: "name" | "keys" | "login";
  /** Whoever has the name on this computer, if it is somebody else. */
  readonly login?: Principal;
}

/** People, not machines, who have one of these keys; each once, in the order of the keys. */
export function ownersOf({ principals }: Fleet, recipients: readonly string[]): Principal[] {
  const owners = recipients.flatMap((recipient) =>
    principals.all.filter(
      ({ kind, keys }) => (kind === "user" || kind === "unknown") && keys.some(({ id }) => id === recipient),
    ),
  );
  return [...new Set(owners)];
}

/** Whoever runs this, by their name on this computer, if the fleet knows them by the same. */
export function ownerByName({ principals }: Fleet, login: string | undefined): Principal | undefined {
  if (login === undefined) return undefined;
  return principals.find(login, "user") ?? principals.find(login, "unknown");
}

/**
 * The one who is meant: by name, else by equal keys, else by the name on this computer.
 * @throws SecretsError `E_NOT_FOUND`, `E_AMBIGUOUS`
 */
export function whoseKeys(fleet: Fleet, keyring: Keyring, name: string | undefined, login: string | undefined): Whose {
  if (name !== undefined) return { principal: namedAs(fleet, "user", name), by: "name" };
  const here = keyring.recipients();
  const owners = ownersOf(fleet, here);
  const byName = ownerByName(fleet, login);
  const users = owners.filter(({ kind }) => kind === "user");
  const candidates = users.length > 0 ? users : owners;
  const [only] = candidates;
  if (only !== undefined) {
    if (candidates.length === 1) {
      const other = byName !== undefined && !owners.includes(byName) ? { login: byName } : {};
      return { principal: only, by: "keys", ...other };
    }
    if (byName !== undefined && candidates.includes(byName)) return { principal: byName, by: "keys" };
    throw new SecretsError("E_AMBIGUOUS", `the keys here belong to ${candidates.map(whoText).join(" and ")}`, {
      kind: "usage",
      hint: `say which one: secrets key verify ${only.name}`,
    });
  }
  if (byName !== undefined) return { principal: byName, by: "login" };
  const [first] = here;
  throw new SecretsError(
    "E_NOT_FOUND",
    first === undefined ? "no private key is here" : "no key that is here belongs to anybody of this fleet",
    {
      kind: "identity",
      hint:
        first === undefined
          ? "secrets key generate makes one, secrets key import takes one over"
          : `name yourself: secrets key verify NAME\nor be made known, by somebody who can read: secrets user add NAME --age-key ${shellWord(first)}`,
    },
  );
}
