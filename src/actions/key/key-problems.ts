/**
 * What can be wrong between a person's keys here, the two registries, and the documents; each with one mend. A key that
 * is typed counts as approved, and whoever can push can state one: a mend never lets in a key that is not held here.
 */
import type { FleetDocument } from "../../fleet/document.ts";
import type { Principal, PrincipalKey } from "../../fleet/principals.ts";
import { shellWord } from "../check/shell-word.ts";
import { namedFew } from "../named-few.ts";
import { whoText } from "../principal/who.ts";
import { shortenKey } from "../reader-names.ts";
import { isHeld, type KeyFacts, type KeyProblem, mayBeHeld } from "./key-facts.ts";
import { isDerivedFrom } from "./keys-here.ts";

/** No private half of theirs is here, so nothing opens. */
export function notHereProblems(facts: KeyFacts): KeyProblem[] {
  const { principal, held, fleet, locked } = facts;
  const { name, keys } = principal;
  if (keys.length === 0) return [{ message: `no key of ${name} is stated anywhere`, keys: [], ...addFirst(facts) }];
  if (keys.some((key) => isHeld(facts, key.id) || mayBeHeld(facts, key))) return [];
  const ids = keys.map(({ id }) => id);
  const wanted = listed(ids.map(shortenKey));
  if (locked.length > 0) {
    const message = `no private half of ${wanted} is here, unless it is behind the passphrase of ${listed(locked)}`;
    return [{ message, keys: ids }];
  }
  const [first] = held;
  if (first === undefined) {
    return [
      { message: `no private key is here; the one to ${wanted} is needed`, fix: "secrets key import FILE", keys: ids },
    ];
  }
  const free = held.find(({ recipients }) => recipients.every((one) => fleet.principals.ownerOf(one) === undefined));
  if (free === undefined) {
    const owners = new Set(
      held.flatMap(({ recipients }) => recipients.flatMap((one) => fleet.principals.ownerOf(one) ?? [])),
    );
    const message = `no private half of ${wanted} is here; what is here belongs to ${[...owners].map(whoText).join(" and ")}`;
    return [{ message, fix: "secrets key import FILE", keys: ids }];
  }
  const mine = agePart(free.recipients);
  return [
    {
      message: `${name} is known by ${wanted}, and ${free.place} has ${shortenKey(mine)}, which opens nothing: somebody who can read lets it in`,
      fix: `secrets user add-key ${shellWord(name)} ${shellWord(mine)}`,
      keys: [...ids, ...free.recipients],
    },
  ];
}

function addFirst({ principal: { name }, held }: KeyFacts): Pick<KeyProblem, "fix"> {
  const [first] = held;
  return first === undefined
    ? {}
    : { fix: `secrets user add-key ${shellWord(name)} ${shellWord(agePart(first.recipients))}` };
}

/** What both tiers and every tool can use. */
function agePart(recipients: readonly [string, ...string[]]): string {
  return recipients.find((one) => one.startsWith("age1")) ?? recipients[0];
}

/** The two registries state different keys, or one of them none. */
export function tierProblems(facts: KeyFacts): KeyProblem[] {
  const { fleet, principal } = facts;
  const alone = fleet.principals.oneTier.find((one) => one.principal === principal);
  if (alone !== undefined) {
    const lacking = alone.tier === "vars" ? ".sops.yaml does not know" : "clan's registry does not know";
    const away = principal.keys.filter(({ id }) => !isHeld(facts, id)).map(({ id }) => shortenKey(id));
    const command = enterCommand(principal);
    const message = `${lacking} ${principal.name}`;
    const keys = principal.keys.map(({ id }) => id);
    if (away.length === 0) return [{ message, fix: command, keys }];
    return [{ message: `${message}; if ${listed(away)} ${away.length === 1 ? "is" : "are"} theirs: ${command}`, keys }];
  }
  const split = fleet.principals.disagreements.find((one) => one.principal === principal);
  if (split === undefined) return [];
  const problems: KeyProblem[] = [];
  const vars = [...split.varsOnly];
  const files = [...split.filesOnly];
  for (const pair of spelledTwice(vars, files)) problems.push(spelling(facts, ...pair));
  for (const one of [...vars]) {
    const other = files.find(({ type }) => type === one.type);
    // Two keys that are both here are two keys of one person, each stated once too little.
    if (other === undefined || (isHeld(facts, one.id) && isHeld(facts, other.id))) continue;
    drop(vars, one);
    drop(files, other);
    problems.push(isHeld(facts, other.id) ? replaced(facts, one, other) : replaced(facts, other, one));
  }
  for (const [keys, tier] of [
    [vars, ".sops.yaml"],
    [files, "clan's registry"],
  ] as const) {
    for (const { id } of keys) problems.push(lacking(facts, tier, id));
  }
  return problems;
}

/** Takes the pairs out of both lists. */
function spelledTwice(vars: PrincipalKey[], files: PrincipalKey[]): (readonly [PrincipalKey, PrincipalKey])[] {
  return [...vars].flatMap((one) => {
    const other = files.find(({ id }) => isDerivedFrom(id, one.id) || isDerivedFrom(one.id, id));
    if (other === undefined) return [];
    drop(vars, one);
    drop(files, other);
    return [[one, other] as const];
  });
}

function spelling({ principal: { name } }: KeyFacts, one: PrincipalKey, other: PrincipalKey): KeyProblem {
  const [ssh, age] = one.id.startsWith("ssh-") ? [one, other] : [other, one];
  return {
    message: `${placesOf(ssh)} states an SSH key, and ${placesOf(age)} the age key derived from it: one key, and two readers to every tool`,
    // Whoever has the one has the other: nobody new is let in.
    fix: `secrets rotate user ${shellWord(name)} --from ${shellWord(ssh.id)} --to ${shellWord(age.id)}`,
    keys: [ssh.id],
  };
}

function replaced(facts: KeyFacts, old: PrincipalKey, kept: PrincipalKey): KeyProblem {
  const { name } = facts.principal;
  const message = `${placesOf(old)} states ${shortenKey(old.id)} for ${name}, and ${placesOf(kept)} ${shortenKey(kept.id)}`;
  const command = `secrets rotate user ${shellWord(name)} --from ${shellWord(old.id)} --to ${shellWord(kept.id)}`;
  if (isHeld(facts, kept.id)) return { message, fix: command, keys: [old.id] };
  const unsure = `${message}; neither is here to tell which is right. If it is the latter: ${command}`;
  return { message: unsure, keys: [old.id, kept.id] };
}

function lacking(facts: KeyFacts, tier: string, id: string): KeyProblem {
  const name = shellWord(facts.principal.name);
  const message = `${tier} lacks ${shortenKey(id)} of ${facts.principal.name}`;
  const add = `secrets user add-key ${name} ${shellWord(id)}`;
  if (isHeld(facts, id)) return { message, fix: add, keys: [id] };
  const remove = `secrets user rm-key ${name} ${shellWord(id)}`;
  return { message: `${message}, which is not here either; if it is theirs: ${add}`, fix: remove, keys: [id] };
}

function placesOf({ origins }: PrincipalKey): string {
  return listed(origins.map(({ path, line }) => `${path}:${line}`));
}

function drop<T>(list: T[], one: T): void {
  list.splice(list.indexOf(one), 1);
}

/** That an anchor alone tells a person means that it begins with a word for it, which is no part of the name. */
function enterCommand({ name, kind, keys }: Principal): string {
  const [origin] = keys[0]?.origins ?? [];
  const bare = origin?.tier === "files" && kind === "user" ? name.replace(/^[a-z]+[_-]/i, "") : name;
  const stated = keys.map(({ type, id, origins }) => `--${type}-key ${shellWord(origins[0]?.text ?? id)}`);
  return ["secrets user add", shellWord(bare), ...stated, "--no-documents"].join(" ");
}

/** Somebody else by the same key: then nobody can tell who reads what. */
export function sharedProblems({ fleet: { principals }, principal }: KeyFacts): KeyProblem[] {
  return principal.keys.flatMap(({ id }) =>
    principals.all
      .filter((one) => one !== principal && one.keys.some((key) => key.id === id))
      .map((other) => ({
        message: `${whoText(other)} has the same key ${shortenKey(id)}: one of the two needs another one`,
        ...(other.kind === "machine" ? { fix: `secrets rotate machine ${shellWord(other.name)} --generate` } : {}),
        keys: [id],
      })),
  );
}

export interface WantedDocument {
  readonly document: FleetDocument;
  /** Keys of theirs that its policy names and it is not sealed to. */
  readonly lacking: readonly string[];
}

/** What policy lets them read by their own keys. */
export function documentsOf({ fleet, principal }: KeyFacts): WantedDocument[] {
  const ids = new Set(principal.keys.map(({ id }) => id));
  return fleet.documents.flatMap((document) => {
    const { policy, missing } = document;
    if (!policy.readers.some(({ id }) => ids.has(id))) return [];
    return [{ document, lacking: missing.filter((id) => ids.has(id)) }];
  });
}

/** More would not fit a line that a person pastes. */
const FEW = 3;

/**
 * Policy says that they read it, and nobody has sealed it to them.
 * @param wrong keys that have another mend, which may be that they go: nothing is to be sealed to those before
 */
export function driftProblems(facts: KeyFacts, wrong: ReadonlySet<string>): KeyProblem[] {
  const drifted = documentsOf(facts)
    .map(({ document, lacking }) => ({ document, lacking: lacking.filter((id) => !wrong.has(id)) }))
    .filter(({ lacking }) => lacking.length > 0);
  if (drifted.length === 0) return [];
  const paths = drifted.map(({ document }) => document.path);
  const what = paths.length === 1 ? "a document is" : `${paths.length} documents are`;
  return [
    {
      message: `${what} not sealed to ${facts.principal.name}, as policy wants: ${listed(paths, FEW)}`,
      fix: ["secrets sync", ...(paths.length <= FEW ? paths.map(shellWord) : [])].join(" "),
      keys: [...new Set(drifted.flatMap(({ lacking }) => lacking))],
    },
  ];
}

function listed(names: readonly string[], most?: number): string {
  return namedFew(names, most).join(", ");
}
