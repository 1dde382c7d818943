/** Whom a person means by a name: `ada`, `users/ada`, `machines/web01`, `groups/admins`, or a key itself. */
import { recipientId } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import { didYouMean } from "../../fleet/address.ts";
import type { Member, MemberKind } from "../../fleet/clan/links.ts";
import { fingerprintId, isFingerprint } from "../../fleet/fingerprint.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal, PrincipalKind } from "../../fleet/principals.ts";

const KINDS: ReadonlyMap<string, readonly [PrincipalKind, MemberKind]> = new Map([
  ["users", ["user", "users"]],
  ["machines", ["machine", "machines"]],
  ["groups", ["group", "groups"]],
]);

/** @throws SecretsError `E_NOT_FOUND` with near names, `E_AMBIGUOUS` for a name that a user and a machine share. */
export function whoIs(fleet: Fleet, text: string): Principal {
  const { principals } = fleet;
  if (/^(age1|ssh-)/.test(text) || isFingerprint(text)) {
    const owner = principals.ownerOf(
      text.startsWith("age1") || text.startsWith("ssh-") ? recipientId(text) : fingerprintId(text),
    );
    if (owner !== undefined) return owner;
  }
  const slash = text.indexOf("/");
  const kind = KINDS.get(text.slice(0, Math.max(0, slash)))?.[0];
  const name = kind === undefined ? text : text.slice(slash + 1);
  const found = principals.all.filter((one) => one.name === name && (kind === undefined || one.kind === kind));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1) {
    throw new SecretsError("E_AMBIGUOUS", `${name} is more than one: ${found.map(whoText).join(", ")}`, {
      kind: "usage",
      hint: "say which one with the word before the slash",
    });
  }
  const names = principals.all.map((one) => one.name);
  throw new SecretsError("E_NOT_FOUND", `this fleet knows nobody called ${text}`, {
    hint:
      didYouMean(name, names) ??
      "secrets user ls, secrets machine ls and secrets group ls show who there is; secrets user add makes a person known",
  });
}

export type PersonOrMachine = Extract<PrincipalKind, "user" | "machine">;

/**
 * The user, or the machine, of a name; a key that only an anchor names may be either.
 * @throws SecretsError `E_NOT_FOUND`
 */
export function namedAs(fleet: Fleet, kind: PersonOrMachine, name: string): Principal {
  const { principals } = fleet;
  const found = principals.find(name, kind) ?? principals.find(name, "unknown");
  if (found !== undefined) return found;
  const other = principals.find(name);
  const names = principals.all.flatMap((one) => (one.kind === kind ? [one.name] : []));
  throw new SecretsError("E_NOT_FOUND", `there is no ${kind} ${name}`, {
    hint:
      other !== undefined ? `${name} is a ${other.kind}` : (didYouMean(name, names) ?? `secrets ${kind} ls shows all`),
  });
}

/**
 * A key that documents or their policies name and that belongs to nobody: there is no other word for whose it is.
 * @returns undefined for any other text
 */
export function strangerAt({ documents, principals }: Fleet, text: string): Principal | undefined {
  const id = /^(age1|ssh-)/.test(text) ? recipientId(text) : isFingerprint(text) ? fingerprintId(text) : undefined;
  if (id === undefined || principals.ownerOf(id) !== undefined) return undefined;
  for (const { readers, policy } of documents) {
    const found = [...readers, ...policy.readers].find((reader) => reader.id === id);
    if (found === undefined) continue;
    return { name: id, kind: "unknown", keys: [{ type: found.type, id, origins: [] }], members: [], sound: true };
  }
  return undefined;
}

/** As a person would type it so that it means one only. */
export function whoText({ kind, name }: Principal): string {
  return kind === "unknown" ? name : `${kind}s/${name}`;
}

/** The entry of clan's registry that a principal is; undefined for one that only `.sops.yaml` knows. */
export function memberOf({ registry }: Fleet, { kind, name }: Principal): Member | undefined {
  const found = [...KINDS.values()].find(([one]) => one === kind)?.[1];
  return found !== undefined && registry[found].has(name) ? { kind: found, name } : undefined;
}

/** Those behind a principal who hold keys: itself, or the members of a group. */
export function keyHolders({ principals }: Fleet, principal: Principal): readonly Principal[] {
  if (principal.kind !== "group") return [principal];
  return principal.members.flatMap(({ kind, name }) => principals.find(name, kind) ?? []);
}
