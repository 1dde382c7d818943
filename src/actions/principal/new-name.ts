/** Names that are new to a fleet: spelled so that every tool takes them, and borne by nobody else in either tier. */
import { SecretsError } from "../../errors.ts";
import { NameIndex } from "../../fleet/anchor-name.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal, PrincipalKind } from "../../fleet/principals.ts";

export type NewKind = Exclude<PrincipalKind, "unknown">;

/** What host names, user names, file systems without cases and anchors can all hold. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** @throws SecretsError `E_NAME` */
export function refuseNewName(kind: NewKind, name: string): void {
  if (NAME.test(name)) return;
  throw new SecretsError("E_NAME", `this is no name for a ${kind}`, {
    kind: "usage",
    hint: "lower-case letters, digits, - and _, beginning with a letter or a digit, at most 63",
  });
}

/**
 * Whoever bears the name already, of whatever kind, in whichever tier; also where the two differ only in what an anchor
 * cannot spell, or a file system does not tell apart.
 */
export function bearerOf({ principals }: Fleet, name: string): Principal | undefined {
  return new NameIndex(principals.all).called(name)[0];
}

/** @throws SecretsError `E_EXISTS` */
export function refuseKnownName(fleet: Fleet, kind: NewKind, name: string): void {
  const known = bearerOf(fleet, name);
  if (known === undefined) return;
  const [origin] = known.keys[0]?.origins ?? [];
  throw new SecretsError(
    "E_EXISTS",
    `there is a ${known.kind === "unknown" ? "key" : known.kind} called ${known.name} already`,
    {
      kind: "usage",
      ...(origin === undefined ? {} : { location: { file: origin.path, line: origin.line } }),
      hint: known.kind === kind || known.kind === "unknown" ? otherWay(kind, known.name) : "choose another name",
    },
  );
}

function otherWay(kind: NewKind, name: string): string {
  if (kind === "group") return `secrets group add-member ${name} NAME`;
  if (kind === "machine") return `another key for it: secrets rotate machine ${name} --to KEY, or --from-host-key FILE`;
  return `another key for them: secrets user add-key ${name} KEY; another key instead: secrets rotate user ${name} --to KEY`;
}
