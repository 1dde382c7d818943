/** Nobody gets in by routine: a reader that was never approved on this clone is shown, and asked for by name. */

import { type AccessPlan, keyName, type PlannedReader } from "../actions/rekey/access-plan.ts";
import { keysOf } from "../actions/trust/keys-of.ts";
import { describeNewcomer, type Newcomer, tellProvenance } from "../actions/trust/newcomers.ts";
import { openTrust, type Trust } from "../actions/trust/trust.ts";
import { SecretsError } from "../errors.ts";
import { loadFleet } from "../fleet/fleet.ts";
import { overlayGround } from "../fleet/overlay.ts";
import type { Context } from "./context.ts";
import { askYesNo } from "./terminal/prompt.ts";
import { type Styled, style } from "./terminal/styled.ts";
import { trustPlace } from "./trust-place.ts";
import type { LocalWorkplace } from "./workplace.ts";

export interface Gate {
  readonly unapproved: readonly Newcomer[];
  /** Keeps who was let in; once the change is made. */
  readonly remember: () => void;
}

/**
 * @param stated keys (`<type> <id>`) that the person typed or made in this very run
 * @param allow keys and names that the person approves on the command line
 * @throws SecretsError `E_TRUST`, and what {@link keysOf} throws
 */
export async function openGate(
  workplace: LocalWorkplace,
  plan: AccessPlan,
  stated: ReadonlySet<string>,
  allow: readonly string[],
): Promise<Gate> {
  if (plan.sealedTo.length === 0) return { unapproved: [], remember: () => {} };
  const before = await workplace.fleet();
  const now = workplace.now();
  const trust = openTrust(trustPlace(workplace.repository), before, now);
  // Names count as they are after the change: a plan may make somebody known.
  const changes = plan.policy.map(({ change }) => change);
  const after = allow.length === 0 ? before : await loadFleet(overlayGround(workplace.ground, changes));
  const allowed = new Set(keysOf(after, allow).map(keyName));
  const strangers = plan.sealedTo.filter((reader) => !trust.isApproved(reader));
  const unknown = strangers.filter((reader) => !stated.has(keyName(reader)) && !allowed.has(keyName(reader)));
  const { repository } = workplace;
  return {
    unapproved: await Promise.all(unknown.map((reader) => describeNewcomer(repository, before, reader))),
    remember: () => remember(trust, strangers, stated, now),
  };
}

function remember(trust: Trust, strangers: readonly PlannedReader[], stated: ReadonlySet<string>, now: Date): void {
  const typed = (reader: PlannedReader) => stated.has(keyName(reader));
  trust.accept(strangers.filter(typed), "stated", now);
  trust.accept(
    strangers.filter((reader) => !typed(reader)),
    "accepted",
    now,
  );
}

/** Asks for each of them; `--yes` is no answer to that. @throws SecretsError `E_NOT_APPROVED` */
export async function approve({ terminal }: Context, { unapproved }: Gate): Promise<void> {
  if (unapproved.length === 0) return;
  if (!terminal.interactive) throw notApproved(unapproved);
  for (const newcomer of unapproved) {
    for (const line of newcomerLines(newcomer)) terminal.note(line);
    const who = newcomer.name ?? "this key of nobody";
    if (await askYesNo(`Was ${who} meant to read?`, { terminal, flag: "--allow" })) continue;
    throw new SecretsError("E_NOT_APPROVED", `${who} was not approved; nothing was changed`, {
      kind: "interrupted",
      hint: "take the key out of the policy, and ask who brought it in",
    });
  }
}

/** Name, key, where it is stated, and who brought it in. */
export function newcomerLines({ name, id, places, provenance }: Newcomer): Styled[] {
  return [
    [style("yellow", "never approved here"), ": ", style("bold", name ?? "a key of nobody"), " ", id],
    ...places.map(({ path, line }): Styled => ["  stated at ", `${path}:${line}`]),
    ["  ", tellProvenance(provenance)],
  ];
}

function notApproved(unapproved: readonly Newcomer[]): SecretsError {
  const [first] = unapproved;
  return new SecretsError(
    "E_NOT_APPROVED",
    `${unapproved.length === 1 ? "a reader was" : `${unapproved.length} readers were`} never approved on this clone`,
    {
      kind: "usage",
      hint: [
        ...unapproved.flatMap(({ name, id, places, provenance }) => [
          `${name ?? "a key of nobody"}: ${id}`,
          ...places.map(({ path, line }) => `  stated at ${path}:${line}`),
          `  ${tellProvenance(provenance)}`,
        ]),
        `if that is right: --allow ${first?.id ?? "KEY"} (repeatable), or secrets trust accept ${first?.name ?? "KEY"}`,
      ].join("\n"),
    },
  );
}
