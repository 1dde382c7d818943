/** The fleet in a few numbers, and the one command that is worth running next. */
import type { Keyring } from "../age/keyring.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { opensAlone } from "../fleet/shares.ts";

export interface Status {
  readonly schemaVersion: 1;
  readonly root: string;
  readonly documents: { readonly vars: number; readonly files: number; readonly public: number };
  readonly principals: {
    readonly users: number;
    readonly machines: number;
    readonly groups: number;
    readonly unknown: number;
  };
  /** Documents whose readers are not the ones that policy names. */
  readonly drift: number;
  /** Oddities met while loading: links, key files, rules. */
  readonly anomalies: number;
  readonly me: {
    /** Whom my keys belong to, by name; empty when they belong to nobody of the fleet. */
    readonly names: readonly string[];
    readonly identities: number;
    /** Documents that a key of mine opens. */
    readonly opens: number;
  };
  readonly next: string;
}

export function statusOf(fleet: Fleet, keyring: Keyring): Status {
  const { documents, principals } = fleet;
  const mine = keyring.recipients();
  const names = [...new Set(mine.flatMap((recipient) => principals.nameOf(recipient) ?? []))].sort();
  const opens = documents.filter((document) => opensAlone(document, (id) => keyring.canOpen(id))).length;
  // As `check` counts: an extra reader is none while a part of what decides cannot be read.
  const drift = documents.filter(
    ({ missing, extra, policy }) => missing.length + (policy.complete ? extra.length : 0) > 0,
  ).length;
  const count = (kind: string) => principals.all.filter((principal) => principal.kind === kind).length;
  return {
    schemaVersion: 1,
    root: fleet.ground.root,
    documents: {
      vars: documents.filter(({ tier }) => tier === "vars").length,
      files: documents.filter(({ tier }) => tier === "files").length,
      public: fleet.publicValues.length,
    },
    principals: { users: count("user"), machines: count("machine"), groups: count("group"), unknown: count("unknown") },
    drift,
    anomalies: fleet.anomalies.length,
    me: { names, identities: mine.length, opens },
    next: nextStep(documents.length, mine.length, opens, drift + fleet.anomalies.length),
  };
}

function nextStep(documents: number, identities: number, opens: number, findings: number): string {
  if (documents === 0) return "secrets demo shows what a fleet looks like";
  if (identities === 0 || opens === 0) return "secrets doctor shows where your keys were looked for";
  if (findings > 0) return "secrets check shows what is wrong and how to mend it";
  return "secrets edit lets you pick a secret and change it";
}
