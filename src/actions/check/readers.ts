/** Findings about who can read a document, against who should. */
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { type Finding, finding, type NamedRecipient } from "./finding.ts";
import { shellWord } from "./shell-word.ts";

export function checkReaders(fleet: Fleet): Finding[] {
  return fleet.documents.flatMap((document) => [
    ...drift(fleet, document),
    ...lockOut(fleet, document),
    ...(document.policy.kind === "none" && document.tier === "files" ? [noRule(document)] : []),
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
  if (missing.length + extra.length === 0) return [];
  const parts = [
    ...(missing.length === 0 ? [] : [`${names(missing)} should read it and cannot`]),
    ...(extra.length === 0 ? [] : [`${names(extra)} can read it and should not`]),
  ];
  return [
    {
      ...finding("reader-drift", { path: document.path }, parts.join("; "), mendDrift(document)),
      ...(missing.length === 0 ? {} : { missing }),
      ...(extra.length === 0 ? {} : { extra }),
    },
  ];
}

function names(readers: readonly NamedRecipient[]): string {
  return readers.map(({ name, recipient }) => name ?? `the unknown key ${recipient.slice(0, 16)}…`).join(", ");
}

/** The command that exists for it: rules are brought about by sops, links by clan. */
function mendDrift({ tier, path, parts }: FleetDocument): string {
  if (tier === "files") return `sops updatekeys ${shellWord(path)}`;
  if (parts.kind === "var" && parts.machine !== undefined) return `clan vars fix ${shellWord(parts.machine)}`;
  return parts.kind === "var" ? "clan vars fix" : `sops updatekeys ${shellWord(path)}`;
}

function lockOut(fleet: Fleet, { path, readers }: FleetDocument): Finding[] {
  const owners = readers.map(({ id }) => fleet.principals.ownerOf(id));
  if (owners.every((owner) => owner === undefined)) {
    const message = "nobody of the fleet can open it";
    return [finding("locked-out", { path }, message, `git log --follow -- ${shellWord(path)}`)];
  }
  // A name that only an anchor states may be a person's.
  if (owners.some((owner) => owner?.kind === "user" || owner?.kind === "unknown")) return [];
  const message = "machines can open it, but no person can";
  return [finding("no-person", { path }, message, `secrets explain ${shellWord(path)}`)];
}

function noRule({ path }: FleetDocument): Finding {
  const message = "no rule of .sops.yaml covers it, so nothing says who should read it";
  return finding("no-rule", { path }, message, `secrets explain ${shellWord(path)}`);
}
