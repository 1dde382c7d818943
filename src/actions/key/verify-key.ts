/** `secrets key verify`: whether my key files, clan's registry and `.sops.yaml` mean the same key by my name. */
import type { Keyring } from "../../age/keyring.ts";
import { sshToAgeRecipient } from "../../age/ssh.ts";
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal, PrincipalKey } from "../../fleet/principals.ts";
import { shellWord } from "../check/shell-word.ts";
import { hasRegistry, mainConfig } from "../principal/places.ts";
import { namedAs } from "../principal/who.ts";
import { shortenKey } from "../reader-names.ts";

export interface KeyVerification {
  readonly schemaVersion: 1;
  readonly user: string;
  /** False ends with exit code 1. */
  readonly agrees: boolean;
  readonly keys: readonly VerifiedKey[];
  readonly problems: readonly KeyProblem[];
  readonly notes: readonly string[];
}

export interface VerifiedKey {
  readonly recipient: string;
  /** Where its private half is, as `doctor` names places. */
  readonly here: readonly string[];
  /** `path:line` of each statement in clan's registry. */
  readonly registry: readonly string[];
  /** `path:line` of each statement in `.sops.yaml`. */
  readonly rules: readonly string[];
}

export interface KeyProblem {
  readonly message: string;
  /** One command that mends it. */
  readonly fix?: string;
}

/**
 * @param name undefined: whoever my keys belong to, else the user of this computer if the fleet has one of that name
 * @throws SecretsError `E_NOT_FOUND` when nobody is named and none of my keys is anybody's
 */
export function verifyKey(
  fleet: Fleet,
  keyring: Keyring,
  name: string | undefined,
  login: string | undefined,
): KeyVerification {
  const me = name === undefined ? whoAmI(fleet, keyring, login) : namedAs(fleet, "user", name);
  const placesOf = (id: string) =>
    keyring.places.flatMap((place) => (place.identities.includes(id) ? [place.name] : []));
  const stated = me.keys.map((key) => verified(key, placesOf(key.id)));
  const mine = stated.filter(({ here }) => here.length > 0);
  const known = new Set(me.keys.map(({ id }) => id));
  const spare = spareKeys(fleet, keyring, known);
  const problems = [
    ...absentProblem(me, mine, spare),
    ...tierProblems(fleet, me, stated),
    ...driftProblems(fleet, mine),
  ];
  return {
    schemaVersion: 1,
    user: me.name,
    agrees: problems.length === 0,
    keys: stated,
    problems,
    notes: notesOf(keyring, stated, mine, spare),
  };
}

/** Keys here that nobody in the fleet has. An SSH key is told by the age key that is derived from it. */
function spareKeys({ principals }: Fleet, keyring: Keyring, known: ReadonlySet<string>): string[] {
  const derived = new Set([...known].filter((id) => id.startsWith("ssh-ed25519 ")).map(sshToAgeRecipient));
  return keyring
    .recipients()
    .filter((id) => !id.startsWith("ssh-ed25519 ") && !derived.has(id as never))
    .filter((id) => !known.has(id) && principals.ownerOf(id) === undefined);
}

function whoAmI({ principals }: Fleet, keyring: Keyring, login: string | undefined): Principal {
  const owners = keyring.recipients().flatMap((id) => principals.ownerOf(id) ?? []);
  const found =
    owners.find(({ kind }) => kind === "user") ??
    owners.find(({ kind }) => kind === "unknown") ??
    (login === undefined ? undefined : principals.find(login, "user"));
  if (found !== undefined) return found;
  throw new SecretsError("E_NOT_FOUND", "none of the keys here belongs to anybody in this fleet", {
    hint: "say who you are: secrets key verify NAME\nsecrets key show lists the keys that are here",
  });
}

function verified({ id, origins }: PrincipalKey, here: readonly string[]): VerifiedKey {
  const places = (tier: "vars" | "files") =>
    origins.flatMap((origin) => (origin.tier === tier ? [`${origin.path}:${origin.line}`] : []));
  return { recipient: id, here, registry: places("vars"), rules: places("files") };
}

/** Several devices have a key each; none of them here means that this one cannot read anything. */
function absentProblem(
  { name, keys }: Principal,
  mine: readonly VerifiedKey[],
  spare: readonly string[],
): KeyProblem[] {
  if (mine.length > 0) return [];
  const [own] = spare;
  const user = shellWord(name);
  if (keys.length === 0) {
    const key = own === undefined ? "KEY" : shellWord(own);
    return [{ message: `no key of ${name} is stated anywhere`, fix: `secrets user add ${user} --age-key ${key}` }];
  }
  const stated = keys.map(({ id }) => shortenKey(id)).join(", ");
  return [
    own === undefined
      ? {
          message: `the private half of none of ${name}'s keys is here (${stated})`,
          fix: "secrets key import FILE",
        }
      : {
          message: `the key here is ${shortenKey(own)}, and ${name} is known by ${stated}: whoever can read lets it in`,
          fix: `secrets user add-key ${user} ${shellWord(own)}`,
        },
  ];
}

function tierProblems(fleet: Fleet, { name }: Principal, stated: readonly VerifiedKey[]): KeyProblem[] {
  if (!hasRegistry(fleet) || mainConfig(fleet) === undefined) return [];
  const inVars = stated.filter(({ registry }) => registry.length > 0);
  const inFiles = stated.filter(({ rules }) => rules.length > 0);
  const user = shellWord(name);
  if (stated.length === 0) return [];
  if (inVars.length === 0 || inFiles.length === 0) {
    const keys = stated.map(({ recipient }) => `--age-key ${shellWord(recipient)}`).join(" ");
    const [has, lacks] = inVars.length === 0 ? [".sops.yaml", "clan's registry"] : ["clan's registry", ".sops.yaml"];
    return [
      {
        message: `${has} knows ${name}, and ${lacks} does not`,
        fix: `secrets user add ${user} ${keys} --no-documents`,
      },
    ];
  }
  const vars = stated.filter(({ registry, rules }) => registry.length > 0 && rules.length === 0);
  const files = stated.filter(({ registry, rules }) => registry.length === 0 && rules.length > 0);
  const places = (keys: readonly VerifiedKey[]) =>
    keys.map((key) => `${shortenKey(key.recipient)} at ${[...key.registry, ...key.rules].join(", ")}`).join(" and ");
  if (vars.length + files.length === 0) return [];
  if (vars.length === 0 || files.length === 0) {
    const [only = []] = [vars, files].filter((some) => some.length > 0);
    const lacks = vars.length === 0 ? "clan's registry" : ".sops.yaml";
    const [key] = only;
    return [
      {
        message: `${lacks} does not state ${places(only)}`,
        fix: `secrets user add-key ${user} ${shellWord(key?.recipient ?? "KEY")}`,
      },
    ];
  }
  return [
    {
      message: `the two tiers state different keys of ${name}: ${places(vars)}, but ${places(files)}`,
      ...rotation(user, vars, files),
    },
  ];
}

/** To the key that is here; where that does not tell, to what clan's registry says. */
function rotation(user: string, vars: readonly VerifiedKey[], files: readonly VerifiedKey[]): Pick<KeyProblem, "fix"> {
  const [inVars, inFiles] = [vars[0], files[0]];
  if (inVars === undefined || inFiles === undefined || vars.length + files.length > 2) return {};
  const [from, to] = inFiles.here.length > 0 && inVars.here.length === 0 ? [inVars, inFiles] : [inFiles, inVars];
  return { fix: `secrets rotate user ${user} --from ${shellWord(from.recipient)} --to ${shellWord(to.recipient)}` };
}

function driftProblems({ documents }: Fleet, mine: readonly VerifiedKey[]): KeyProblem[] {
  const ids = new Set(mine.map(({ recipient }) => recipient));
  const locked = documents.filter(({ missing }) => missing.some((id) => ids.has(id))).length;
  if (locked === 0) return [];
  return [
    {
      message: `${locked === 1 ? "1 document is" : `${locked} documents are`} meant for your key and not sealed to it`,
      fix: "secrets sync",
    },
  ];
}

function notesOf(
  keyring: Keyring,
  stated: readonly VerifiedKey[],
  mine: readonly VerifiedKey[],
  spare: readonly string[],
): string[] {
  const elsewhere = mine.length === 0 ? [] : stated.filter(({ here }) => here.length === 0);
  const pending = keyring.places.filter((place) => place.pending !== undefined);
  return [
    ...elsewhere.map(({ recipient }) => `${shortenKey(recipient)} is not here: the key of another device?`),
    ...(mine.length === 0 ? [] : spare.map((id) => `${shortenKey(id)} is here, and nobody's in this fleet`)),
    ...pending.map(({ name, pending: needs }) =>
      needs === "passphrase" ? `${name} is behind a passphrase, and was not looked into` : `${name} was not run`,
    ),
  ];
}
