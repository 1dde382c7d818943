/** Who shall read a document after a change, in the words that its file uses. */
import { recipientId } from "../../age/recipient.ts";
import type { FleetDocument, Reader } from "../../fleet/document.ts";
import { fingerprintId } from "../../fleet/fingerprint.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { sameShares, sharesOf } from "../../fleet/shares.ts";
import type { MasterKey } from "../../sops/metadata.ts";
import type { ReaderKey } from "../../sops/rekey-file.ts";
import { keyName } from "./access-plan.ts";

export interface WantedReaders {
  /** Undefined: the groups that the file has, without those who go. */
  readonly groups: readonly (readonly ReaderKey[])[] | undefined;
  readonly shamirThreshold: number;
  readonly added: readonly Reader[];
  readonly removed: readonly Reader[];
  /** The same readers, in other groups. */
  readonly regrouped: boolean;
  /** Machines that keep their access although nothing links them. */
  readonly unlinked: readonly Reader[];
}

/** The texts of recipients as the policy states them, by name: clan and sops hand them on verbatim. */
export class StatedTexts {
  readonly #vars = new Map<string, string>();
  readonly #files = new Map<string, string>();

  constructor({ registry, configs }: Fleet) {
    for (const { keys } of [...registry.users.values(), ...registry.machines.values()]) {
      for (const key of keys) if (!this.#vars.has(keyName(key))) this.#vars.set(keyName(key), key.text);
    }
    for (const { rules } of configs) {
      for (const key of (rules ?? []).flatMap(({ keyGroups }) => keyGroups.flat())) {
        if (!this.#files.has(keyName(key))) this.#files.set(keyName(key), key.text);
      }
    }
  }

  of(tier: FleetDocument["tier"], key: ReaderKey): ReaderKey {
    const [own, other] = tier === "vars" ? [this.#vars, this.#files] : [this.#files, this.#vars];
    return { type: key.type, id: own.get(keyName(key)) ?? other.get(keyName(key)) ?? key.id };
  }
}

/**
 * @param document as the policy after the change sees it
 * @param dropped keys that shall not stay where the policy does not name them, even where it cannot be read in full
 * @param before ids that were too many before the change already
 */
export function wantedReaders(
  fleet: Fleet,
  document: FleetDocument,
  dropped: ReadonlySet<string>,
  texts: StatedTexts,
  before: ReadonlySet<string>,
): WantedReaders {
  const { policy, readers, tier } = document;
  const expected = new Set(policy.readers.map(keyName));
  // A missing link locks no machine out: whoever changes something else did not mean that.
  const isUnlinked = (reader: Reader) =>
    tier === "vars" && before.has(reader.id) && fleet.principals.ownerOf(reader.id)?.kind === "machine";
  const unlinked = readers.filter(
    (reader) => !expected.has(keyName(reader)) && !dropped.has(keyName(reader)) && isUnlinked(reader),
  );
  const stays = (reader: Reader) =>
    expected.has(keyName(reader)) ||
    unlinked.includes(reader) ||
    // Where the policy is silent or unclear nobody loses access by guess, only who was named.
    ((policy.kind === "none" || !policy.complete) && !dropped.has(keyName(reader)));
  const removed = readers.filter((reader) => !stays(reader));
  const present = new Set(readers.map(keyName));
  const added = policy.readers.filter((reader) => !present.has(keyName(reader)));
  const { rule } =
    tier === "files" && policy.kind === "rule" && policy.complete ? fleet.rules.decide(document.path) : {};
  if (rule !== undefined && rule.keyGroups.length > 1) {
    const groups = rule.keyGroups.map((group) => group.map(({ type, text }) => ({ type, id: text })));
    // sops lowers what no number of groups could meet.
    const shamirThreshold = Math.min(rule.shamirThreshold, rule.keyGroups.length);
    const ids = groups.map((group) => group.map((key) => canonical(key).id));
    const regrouped = !sameShares(document.shares, sharesOf(ids, shamirThreshold));
    return { groups, shamirThreshold, added, removed, regrouped, unlinked };
  }
  const clear = policy.kind !== "none" && policy.complete;
  // Without a rule that says so, a split data key is not made whole.
  if (document.shares !== undefined && !clear) {
    return {
      groups: undefined,
      shamirThreshold: document.shares.needed,
      added: [],
      removed,
      regrouped: false,
      unlinked,
    };
  }
  const kept = readers.filter(stays);
  return {
    groups: [[...kept, ...added].map((reader) => texts.of(tier, reader))],
    shamirThreshold: 0,
    added,
    removed,
    regrouped: document.shares !== undefined,
    unlinked,
  };
}

/** The groups of the file as they are, without the readers that shall go. */
export function presentReaders(
  groups: readonly (readonly MasterKey[])[],
  goes: (key: ReaderKey) => boolean,
): readonly (readonly ReaderKey[])[] {
  return groups.map((group) => group.filter((key) => !goes(canonical(key))).map(({ type, id }) => ({ type, id })));
}

/** As the fleet compares it. */
export function canonical({ type, id }: ReaderKey): ReaderKey {
  return { type, id: type === "age" ? recipientId(id) : type === "pgp" ? fingerprintId(id) : id };
}
