/** Nobody gets in by routine: a reader that was never approved on this clone is shown, and asked for by name. */

import { shellWord } from "../actions/check/shell-word.ts";
import { groundAfter } from "../actions/plan.ts";
import { keyName, type PlannedReader } from "../actions/rekey/access-plan.ts";
import { keysOf } from "../actions/trust/keys-of.ts";
import { describeNewcomers, type FindProvenance, type Newcomer } from "../actions/trust/newcomers.ts";
import { openTrust, type Trust } from "../actions/trust/trust.ts";
import { recipientId } from "../age/recipient.ts";
import { SecretsError } from "../errors.ts";
import { type Fleet, loadFleet } from "../fleet/fleet.ts";
import type { FileChange } from "../repo/change.ts";
import { introducedBy } from "../repo/provenance.ts";
import type { Root } from "../repo/root.ts";
import type { Context } from "./context.ts";
import { newcomerLines, newcomerTexts } from "./report/newcomer.ts";
import { askYesNo } from "./terminal/prompt.ts";
import { style } from "./terminal/styled.ts";
import { trustPlace } from "./trust-place.ts";
import type { LocalWorkplace } from "./workplace.ts";

/** What stands between a plan and its application. */
export interface Gate {
  /** Who needs to be approved before the change is made. */
  readonly unapproved: readonly PlannedReader[];
  /** The same, with where they come from: asked of the history, which takes a moment. */
  readonly describe: () => Promise<readonly Newcomer[]>;
  /** Keeps who was let in; once the change is made. @throws SecretsError when it cannot be kept */
  readonly remember: () => Promise<void>;
}

/** What says who somebody is, or is a member of. */
const STATES = /^sops\/(users|machines|groups)\/|(^|\/)\.sops\.yaml$/;

/** What a change seals to whom; an access plan is one. */
interface Sealing {
  readonly policy: readonly { readonly change: FileChange }[];
  readonly sealedTo: readonly PlannedReader[];
}

/**
 * @param stated keys (`<type> <id>`) that the person typed or made in this very run
 * @param allow keys and names that the person approves on the command line
 * @throws SecretsError `E_TRUST`, `E_STATE_FILE`, and what {@link keysOf} throws
 */
export async function openGate(
  workplace: LocalWorkplace,
  { policy, sealedTo }: Sealing,
  stated: ReadonlySet<string>,
  allow: readonly string[],
): Promise<Gate> {
  if (sealedTo.length + stated.size === 0)
    return { unapproved: [], describe: async () => [], remember: async () => {} };
  const before = await workplace.fleet();
  const now = workplace.now();
  const trust = await openTrust(trustPlace(workplace.repository), before, now);
  // Names count as they are after the change: a plan may make somebody known.
  const stating = allow.length + stated.size === 0 ? [] : policy.filter(({ change }) => STATES.test(change.path));
  const after = stating.length === 0 ? before : await loadFleet(groundAfter(workplace.ground, stating, before));
  const allowed = new Set(keysOf(after, allow).map(keyName));
  // Who is named now may be sealed to by the next command only.
  const typed = [...stated].map((key) => statedReader(after, key));
  const strangers = [...sealedTo, ...typed].filter((reader) => !trust.isApproved(reader));
  const known = new Set(strangers.length === 0 ? stated : [...stated, ...(await ownKeys(workplace))]);
  const unapproved = strangers.filter((reader) => !known.has(keyName(reader)) && !allowed.has(keyName(reader)));
  return {
    unapproved,
    describe: () => describeNewcomers(before, unapproved, provenanceIn(workplace.repository)),
    remember: () => remember(trust, strangers, known, now),
  };
}

/** @param key `<type> <id>` */
function statedReader({ principals }: Fleet, key: string): PlannedReader {
  const [, type = "", id = ""] = /^(\S+) (.*)$/s.exec(key) ?? [];
  const name = principals.nameOf(id);
  return { type: type as PlannedReader["type"], id, ...(name === undefined ? {} : { name }) };
}

/** Whoever holds the private half needs no introduction: the first document of a fleet is made by somebody. */
async function ownKeys(workplace: LocalWorkplace): Promise<readonly string[]> {
  const keyring = await workplace.keyring();
  return keyring.provenRecipients().map((id) => keyName({ type: "age", id: recipientId(id) }));
}

/** What asks the history of this repository; nothing is asked before a person is to be told. */
export function provenanceIn(root: Root): FindProvenance {
  return (statement) => introducedBy(root, statement);
}

async function remember(
  trust: Trust,
  strangers: readonly PlannedReader[],
  stated: ReadonlySet<string>,
  now: Date,
): Promise<void> {
  const typed = (reader: PlannedReader) => stated.has(keyName(reader));
  await trust.accept(strangers.filter(typed), "stated", now);
  await trust.accept(
    strangers.filter((reader) => !typed(reader)),
    "accepted",
    now,
  );
}

/**
 * Asks for each of them; `--yes` is no answer to that.
 * @param answer what is typed before a key to approve it, of a command that knows no `--allow`
 * @throws SecretsError `E_NOT_APPROVED`
 */
export async function approve(
  { terminal }: Context,
  { unapproved, describe }: Gate,
  answer = "--allow",
): Promise<void> {
  if (unapproved.length === 0) return;
  const newcomers = await describe();
  if (!terminal.interactive) throw notApproved(newcomers, answer);
  for (const newcomer of newcomers) {
    for (const line of newcomerLines(newcomer)) terminal.note(line);
    const who = newcomer.name ?? "this key of nobody";
    if (await askYesNo(`Was ${who} meant to read?`, { terminal, flag: answer })) continue;
    throw new SecretsError("E_NOT_APPROVED", `${who} was not approved; nothing was changed`, {
      kind: "interrupted",
      hint: "take the key out of the policy, and ask who brought it in",
    });
  }
}

/** To be called once the change is made: it stands whether or not this succeeds, and must not end like one that was not made. */
export async function keepApprovals({ terminal }: Context, { remember }: Gate): Promise<void> {
  try {
    await remember();
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    terminal.note([
      style("yellow", "note"),
      `: who was approved could not be kept, and is asked for again: ${error.message}`,
    ]);
  }
}

function notApproved(newcomers: readonly Newcomer[], answer: string): SecretsError {
  const key = newcomers.length === 1 ? (newcomers[0]?.id ?? "KEY") : "KEY";
  return new SecretsError(
    "E_NOT_APPROVED",
    `${newcomers.length === 1 ? "a reader was" : `${newcomers.length} readers were`} never approved on this clone`,
    {
      kind: "usage",
      hint: [
        ...newcomers.flatMap(newcomerTexts),
        `if that is right: ${[...new Set([answer, "secrets trust accept"])].map((text) => `${text} ${shellWord(key)}`).join(", or ")}`,
      ].join("\n"),
    },
  );
}
