/** Names that are new to a fleet: spelled so that every tool takes them, and borne by nobody else in either tier. */
import { type ErrorCode, type Location, SecretsError } from "../../errors.ts";
import { matchAnchor, NameIndex } from "../../fleet/anchor-name.ts";
import { isFingerprint } from "../../fleet/fingerprint.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal, PrincipalKind } from "../../fleet/principals.ts";
import { hasRegistry } from "./places.ts";
import { memberOf } from "./who.ts";

export type NewKind = Exclude<PrincipalKind, "unknown">;

/** What host names, user names, file systems without cases and anchors can all hold. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** Folders of `vars/` that are no machine's. */
const NO_MACHINE: ReadonlySet<string> = new Set(["shared", "per-machine", "per-export"]);

/** What clan's own commands take and list (`clan secrets users|groups|machines`); its sealing takes any folder's name. */
const OF_CLAN: ReadonlyMap<NewKind, readonly [pattern: RegExp, rule: string]> = new Map([
  ["user", [/^[a-z_][a-z0-9_-]{0,31}$/, "a letter first, and at most 32 characters"]],
  ["group", [/^[a-z_][a-z0-9_-]{0,31}$/, "a letter first, and at most 32 characters"]],
  ["machine", [/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "letters, digits and -, which is neither first nor last"]],
]);

/** @throws SecretsError `E_NAME` */
export function refuseNewName(kind: NewKind, name: string): void {
  if (!NAME.test(name)) {
    throw refusal("E_NAME", `this is no name for a ${kind}`, {
      hint: "lower-case letters, digits, - and _, beginning with a letter or a digit, at most 63",
    });
  }
  if (kind === "machine" && NO_MACHINE.has(name)) {
    throw refusal("E_NAME", "this is no name for a machine", {
      hint: `vars/${name} belongs to no single machine, and its secrets could not be told from those`,
    });
  }
  if (name.startsWith("age1") || (name.length >= 16 && isFingerprint(name))) {
    throw refusal("E_NAME", `this is no name for a ${kind}`, { hint: "it looks like a key; choose another name" });
  }
}

/**
 * What to tell a person who gives a name that this program and all of clan's sealing take, and that clan's own commands
 * leave out of their lists and refuse as an argument. Undefined where they take it, or where there is no registry.
 */
export function clanNote(fleet: Fleet, kind: NewKind, name: string): string | undefined {
  const [pattern, rule] = OF_CLAN.get(kind) ?? [];
  if (pattern === undefined || pattern.test(name) || !hasRegistry(fleet)) return undefined;
  return `clan seals to ${name}, but its own commands neither list nor take a ${kind} of this name: they want ${rule}`;
}

/**
 * Whoever bears the name already, of whatever kind, in whichever tier; also where the two differ only in what an anchor
 * cannot spell, or a file system does not tell apart, and where one name would be read as another key of the other:
 * `&ada_new` and `&admin_ada` are ada's.
 */
function bearerOf(fleet: Fleet, kind: NewKind, name: string): Principal | undefined {
  const { all } = fleet.principals;
  const [same] = new NameIndex(all).called(name);
  if (same !== undefined || kind === "group") return same;
  const people = all.filter((one) => one.kind !== "group");
  const fresh = new NameIndex([{ name, kind }]);
  // Of those in clan's registry the name itself stands there, and no anchor has to tell it.
  const drawnIn = people.find(
    (one) => memberOf(fleet, one) === undefined && matchAnchor(one.name, fresh) !== undefined,
  );
  return drawnIn ?? (hasRegistry(fleet) ? undefined : matchAnchor(name, new NameIndex(people)));
}

/**
 * @param except who may be called so: a half-known one that is completed, or the one that is renamed
 * @throws SecretsError `E_EXISTS`, with the place where the name is stated
 */
export function refuseKnownName(fleet: Fleet, kind: NewKind, name: string, except?: Principal): void {
  const known = bearerOf(fleet, kind, name);
  if (known !== undefined && known !== except) throw taken(fleet, kind, name, known);
  // Somebody's second anchor, or a list of strangers.
  const fresh = new NameIndex([{ name, kind }]);
  const own = new Set(except?.keys.map(({ id }) => id));
  for (const { path, anchors } of fleet.configs) {
    for (const { id, line, anchor, list } of anchors) {
      const read = anchor !== undefined && matchAnchor(anchor, fresh) !== undefined ? anchor : undefined;
      const spelled = read ?? (list === name ? list : undefined);
      if (spelled === undefined || own.has(id)) continue;
      throw refusal("E_EXISTS", `there is an anchor &${spelled} already, of another key`, {
        location: { file: path, line },
        hint: "choose another name, or give the anchor another one",
      });
    }
  }
}

function taken(fleet: Fleet, kind: NewKind, name: string, known: Principal): SecretsError {
  const location = statedAt(fleet, known);
  const what = known.kind === "unknown" ? "key" : known.kind;
  const same = known.name === name;
  return refusal("E_EXISTS", `there is a ${what} called ${known.name} already`, {
    ...(location === undefined ? {} : { location }),
    hint: !same
      ? `choose another name: ${name} and ${known.name} would be taken for one another`
      : known.kind === kind || known.kind === "unknown"
        ? otherWay(kind, known.name)
        : "choose another name",
  });
}

/** Where somebody, or a group, is stated: their key file, the folder of a group, a line of `.sops.yaml`. */
function statedAt({ registry, configs }: Fleet, { kind, name, keys }: Principal): Location | undefined {
  const [origin] = keys[0]?.origins ?? [];
  if (origin !== undefined) return { file: origin.path, line: origin.line };
  const entry = { user: registry.users, machine: registry.machines, group: registry.groups, unknown: undefined }[kind];
  const registered = entry?.get(name)?.path;
  if (registered !== undefined) return { file: registered };
  for (const { path, anchors } of configs) {
    const listed = anchors.find(({ list }) => list === name);
    if (listed !== undefined) return { file: path, line: listed.line };
  }
  return undefined;
}

function otherWay(kind: NewKind, name: string): string {
  if (kind === "group") return `secrets group add-member ${name} NAME`;
  if (kind === "machine") return `another key for it: secrets rotate machine ${name} --to KEY, or --from-host-key FILE`;
  return `another key for them: secrets user add-key ${name} KEY; another key instead: secrets rotate user ${name} --to KEY`;
}

function refusal(
  code: ErrorCode,
  message: string,
  rest: { readonly hint: string; readonly location?: Location },
): SecretsError {
  return new SecretsError(code, message, { kind: "usage", ...rest });
}
