/** To whom of a fleet the keys of a person here belong. */
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";

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
