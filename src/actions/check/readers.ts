/** Findings about who can read a document, against who should. */
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { type Shares, sameShares, sharesOf } from "../../fleet/shares.ts";
import { shortenKey } from "../reader-names.ts";
import { type Finding, finding, type NamedRecipient } from "./finding.ts";
import { bringInLine, editAt, historyOf } from "./fix-commands.ts";
import { shellWord } from "./shell-word.ts";

/** A message is to be read; all of them are in the finding's lists. */
const NAMED_EACH = 5;

export function checkReaders(fleet: Fleet): Finding[] {
  const known = knownKeys(fleet);
  return fleet.documents.flatMap((document) => [
    ...drift(fleet, document),
    ...lockOut(fleet, document, known),
    ...noRule(fleet, document),
  ]);
}

/** One finding a document, whatever number of readers it is about. */
function drift(fleet: Fleet, document: FleetDocument): Finding[] {
  const named = (ids: readonly string[]): NamedRecipient[] =>
    ids.map((recipient) => {
      const name = fleet.principals.nameOf(recipient);
      return { recipient, ...(name === undefined ? {} : { name }) };
    });
  const missing = named(document.missing);
  // Where what decides cannot be read in full, a reader who seems to be too many may be the one that is not understood.
  const extra = document.policy.complete ? named(document.extra) : [];
  if (missing.length + extra.length === 0) return regrouped(fleet, document);
  const parts = [
    ...(missing.length === 0 ? [] : [`${names(missing)} should read it and cannot`]),
    ...(extra.length === 0 ? [] : [`${names(extra)} can read it and should not`]),
  ];
  return [
    {
      ...finding("reader-drift", { path: document.path }, parts.join("; "), bringInLine(document)),
      ...(missing.length === 0 ? {} : { missing }),
      ...(extra.length === 0 ? {} : { extra }),
    },
  ];
}

function names(readers: readonly NamedRecipient[]): string {
  const shown = readers.slice(0, NAMED_EACH).map((one) => one.name ?? `the unknown key ${shortenKey(one.recipient)}`);
  const more = readers.length - shown.length;
  return more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${more} more`;
}

/** The same readers, but not the same number of them that it takes. */
function regrouped(fleet: Fleet, document: FleetDocument): Finding[] {
  const { path, policy, tier, shares } = document;
  if (policy.kind === "none" || !policy.complete) return [];
  // Links know no groups: each of their readers is meant to open the document alone.
  const { rule } = tier === "files" ? fleet.rules.decide(path) : {};
  const wanted =
    rule &&
    sharesOf(
      rule.keyGroups.map((group) => group.map(({ id }) => id)),
      rule.shamirThreshold,
    );
  if (sameShares(shares, wanted)) return [];
  const message = `${tell(shares)}, and should be opened by ${count(wanted)}`;
  return [finding("group-drift", { path }, message, bringInLine(document))];
}

function tell(shares: Shares | undefined): string {
  return shares === undefined ? "any reader opens it alone" : `it is opened by ${count(shares)}`;
}

function count(shares: Shares | undefined): string {
  if (shares === undefined) return "any one reader";
  return `readers of ${shares.needed} of these groups: ${shares.groups.map((group) => group.length).join(" + ")} keys`;
}

/** Every key that the fleet states somewhere, with or without a name. */
function knownKeys({ principals, configs }: Fleet): ReadonlySet<string> {
  return new Set([
    ...principals.all.flatMap(({ keys }) => keys.map(({ id }) => id)),
    ...configs.flatMap(({ rules }) => (rules ?? []).flatMap(({ keyGroups }) => keyGroups.flat().map(({ id }) => id))),
  ]);
}

/** Where nothing states any key, nobody can be told from a stranger. */
function lockOut(fleet: Fleet, { path, readers }: FleetDocument, known: ReadonlySet<string>): Finding[] {
  // What a key in a cloud opens for whom is not written here.
  const reachable = readers.filter(({ type, id }) => known.has(id) || (type !== "age" && type !== "pgp"));
  if (known.size === 0) return [];
  if (reachable.length === 0) {
    const message = "nobody of the fleet can open it";
    return [finding("locked-out", { path }, message, historyOf(path))];
  }
  // A key without a name, or one that only an anchor names, may be a person's.
  if (reachable.some(({ id }) => fleet.principals.ownerOf(id)?.kind !== "machine")) return [];
  const message = "machines can open it, but no person can";
  return [finding("no-person", { path }, message, `secrets explain ${shellWord(path)}`)];
}

/** Where rules cannot be used, that is the finding. */
function noRule({ rules }: Fleet, { tier, path, policy }: FleetDocument): Finding[] {
  if (tier !== "files" || policy.kind !== "none" || !policy.complete) return [];
  const config = rules.configOf(path)?.path ?? ".sops.yaml";
  const message = `no rule of ${config} covers it, so nothing says who should read it`;
  return [finding("no-rule", { path }, message, editAt({ path: config }))];
}
