/**
 * `secrets key verify`: the three-place check. A person's key files, their entry in clan's registry and what the rules
 * state for them are one set of keys, and the documents that policy gives them are sealed to it.
 */
import type { Keyring } from "../../age/keyring.ts";
import { parsePluginRecipient } from "../../age/plugin.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";
import { namedFew } from "../named-few.ts";
import { shortenKey } from "../reader-names.ts";
import { isHeld, type KeyFacts, type KeyProblem, mayBeHeld } from "./key-facts.ts";
import { documentsOf, driftProblems, notHereProblems, sharedProblems, tierProblems } from "./key-problems.ts";
import { heldKeys } from "./keys-here.ts";
import { type Whose, whoseKeys } from "./whose-keys.ts";

export interface KeyVerification {
  readonly schemaVersion: 1;
  readonly name: string;
  /** How it was found out who is meant: by the argument, by equal keys, or by the name on this computer. */
  readonly by: Whose["by"];
  readonly agrees: boolean;
  readonly places: readonly KeyAt[];
  /** Whose policy names a key of theirs, and how many of those are sealed to all keys that it names. */
  readonly documents: { readonly wanted: number; readonly sealed: number };
  readonly problems: readonly KeyProblem[];
  /** What is worth knowing, and no fault. */
  readonly notes: readonly string[];
}

export interface KeyAt {
  readonly role: "here" | "registry" | "rules";
  /** The variable or path of a key file; `sops/users/ada/key.json:3`. */
  readonly place: string;
  readonly recipient: string;
  /** In the rules. */
  readonly anchor?: string;
  /** `same`: here, and wherever it should be stated. `other`: not here, or of no use here, which is no fault. */
  readonly state: "same" | "differs" | "other";
}

/**
 * Commands that print keys are run; nothing is asked.
 * @param name undefined: whoever the keys here belong to
 * @param user the name on this computer
 * @throws SecretsError `E_NOT_FOUND`, `E_AMBIGUOUS`
 */
export async function verifyKeys(
  fleet: Fleet,
  keyring: Keyring,
  name: string | undefined,
  user: string | undefined,
): Promise<KeyVerification> {
  await keyring.runCommands();
  const { principal, by, login } = whoseKeys(fleet, keyring, name, user);
  const { places } = keyring;
  const facts: KeyFacts = {
    fleet,
    principal,
    held: heldKeys(keyring),
    plugins: [...new Set(places.flatMap(({ plugins }) => plugins))],
    locked: places.flatMap(({ name, pending }) => (pending === "passphrase" ? [name] : [])),
  };
  const stated = [...notHereProblems(facts), ...tierProblems(facts), ...sharedProblems(facts)];
  const wrong = new Set(stated.flatMap(({ keys }) => keys));
  const problems = [...stated, ...driftProblems(facts, wrong)];
  const documents = documentsOf(facts);
  return {
    schemaVersion: 1,
    name: principal.name,
    by,
    agrees: problems.length === 0,
    places: placesOf(facts, new Set(problems.flatMap(({ keys }) => keys))),
    documents: {
      wanted: documents.length,
      sealed: documents.filter(({ lacking }) => lacking.length === 0).length,
    },
    problems,
    notes: [...notesOf(facts, places, wrong), ...loginNote(login)],
  };
}

function placesOf(facts: KeyFacts, wrong: ReadonlySet<string>): KeyAt[] {
  const { principal, held } = facts;
  const ids = new Set(principal.keys.map(({ id }) => id));
  const stateOf = (id: string): KeyAt["state"] =>
    wrong.has(id) ? "differs" : ids.has(id) && isHeld(facts, id) ? "same" : "other";
  const here = held.map(({ place, recipients }): KeyAt => {
    const recipient = recipients.find((one) => ids.has(one)) ?? recipients[0];
    return { role: "here", place, recipient, state: stateOf(recipient) };
  });
  const stated = (tier: "vars" | "files", role: KeyAt["role"]) =>
    principal.keys.flatMap(({ id, origins }) =>
      origins
        .filter((origin) => origin.tier === tier)
        .map(
          ({ path, line, anchor }): KeyAt => ({
            role,
            place: `${path}:${line}`,
            recipient: id,
            ...(anchor === undefined ? {} : { anchor }),
            state: stateOf(id),
          }),
        ),
    );
  return [...here, ...stated("vars", "registry"), ...stated("files", "rules")];
}

function notesOf(facts: KeyFacts, places: Keyring["places"], wrong: ReadonlySet<string>): string[] {
  const { principal, held, fleet, plugins } = facts;
  const { name, keys } = principal;
  const notes: string[] = [];
  for (const { place, recipients } of held) {
    const owners = recipients.flatMap((one) => fleet.principals.ownerOf(one) ?? []);
    const [owner] = owners;
    if (keys.some(({ id }) => recipients.includes(id)) || recipients.some((one) => wrong.has(one))) continue;
    const whose = owner === undefined ? "nobody of this fleet" : owner.name;
    notes.push(`${place} has a further key, ${shortenKey(recipients[0])}, which belongs to ${whose}`);
  }
  const away = keys.filter((key) => !isHeld(facts, key.id) && !mayBeHeld(facts, key) && !wrong.has(key.id));
  if (away.length > 0 && away.length < keys.length) {
    notes.push(
      `${namedFew(away.map(({ id }) => shortenKey(id))).join(", ")} of ${name} ${away.length === 1 ? "is" : "are"} not here: on another device, perhaps`,
    );
  }
  for (const key of keys.filter((one) => !isHeld(facts, one.id) && mayBeHeld(facts, one))) {
    notes.push(
      key.type === "pgp"
        ? `${shortenKey(key.id)} is a PGP key: whether it is here, gpg knows`
        : `${shortenKey(key.id)} is known to its plugin alone: whether it is here was not asked`,
    );
  }
  if (plugins.length > 0 && !keys.some(({ id }) => parsePluginRecipient(id) !== null)) {
    notes.push(`identities of age plugins are here (${plugins.join(", ")}), which nothing states for ${name}`);
  }
  notes.push(...aliasNotes(facts));
  for (const { path, sound } of fleet.configs) {
    if (!sound) notes.push(`${path} cannot be read, so what it states was not compared: secrets check says why`);
  }
  if (!principal.sound) notes.push(`what states the keys of ${name} cannot be read in full: secrets check says why`);
  for (const { problem } of places) if (problem !== undefined) notes.push(problem.message.replace(/\.$/, ""));
  return notes;
}

/** Somebody who is known to the fleet, and whose keys are not those here. */
function loginNote(login: Principal | undefined): string[] {
  if (login === undefined) return [];
  return [`${login.name}, the name on this computer, is known by other keys: secrets key verify ${login.name}`];
}

/** One key that goes by another name as well: no fault, and a riddle for whoever reads the rules. */
function aliasNotes({ fleet: { principals }, principal }: KeyFacts): string[] {
  return principals.sharedKeys.flatMap(({ id, names }) => {
    if (!principal.keys.some((key) => key.id === id)) return [];
    const aliases = names.filter((one) => one !== principal.name && principals.find(one) === undefined);
    return aliases.map((alias) => `the anchor &${alias} states ${shortenKey(id)}, which is ${principal.name}'s`);
  });
}
