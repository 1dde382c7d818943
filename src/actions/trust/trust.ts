/**
 * Recipients that were approved on this clone. Policy alone lets nobody in: a key that a pull request slipped into
 * `.sops.yaml` or a link directory is sealed to only after somebody here said yes to that very key.
 *
 * The baseline is whoever could read when this clone was first looked at: they can read already, and nothing is sealed
 * to them that is new. What it cannot tell: a document that a stranger added, sealed to their own key, before the first
 * look; a fresh clone (each run in CI is one) trusts what was merged into it.
 */
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { MasterKeyType } from "../../sops/metadata.ts";

export interface Approval {
  readonly type: MasterKeyType;
  /** Canonical. */
  readonly id: string;
  /** Whose it was when it was approved. */
  readonly name?: string;
  /** RFC 3339. */
  readonly since: string;
  /** `baseline`: read when this clone was first looked at; `accepted`: asked for and approved; `stated`: typed or made here. */
  readonly how: "baseline" | "accepted" | "stated";
}

/** Where the approvals are kept. */
export interface TrustPlace {
  /** Undefined when there is none yet. @throws SecretsError when it is there and cannot be read */
  load(): Uint8Array | undefined;
  store(bytes: Uint8Array): void;
}

export type ApprovedKey = Pick<Approval, "type" | "id" | "name">;

export class Trust {
  readonly #place: TrustPlace;
  readonly #approvals = new Map<string, Approval>();

  constructor(place: TrustPlace, approvals: Iterable<Approval>) {
    this.#place = place;
    for (const approval of approvals) this.#approvals.set(nameOf(approval), approval);
  }

  /** By name, then key. */
  get approvals(): readonly Approval[] {
    const order = ({ name = "\u{10ffff}", id }: Approval) => `${name}\0${id}`;
    return [...this.#approvals.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  isApproved(key: Pick<Approval, "type" | "id">): boolean {
    return this.#approvals.has(nameOf(key));
  }

  /** Keys that are approved already keep their date. */
  accept(keys: readonly ApprovedKey[], how: Approval["how"], now: Date): void {
    const fresh = keys.filter((key) => !this.isApproved(key));
    if (fresh.length === 0) return;
    for (const { type, id, name } of fresh) {
      const since = now.toISOString();
      this.#approvals.set(nameOf({ type, id }), { type, id, ...(name === undefined ? {} : { name }), since, how });
    }
    this.#save();
  }

  /** @returns how many were forgotten */
  forget(keys: readonly Pick<Approval, "type" | "id">[]): number {
    const known = keys.filter((key) => this.#approvals.delete(nameOf(key)));
    if (known.length > 0) this.#save();
    return known.length;
  }

  #save(): void {
    this.#place.store(Buffer.from(`${JSON.stringify({ version: 1, approvals: this.approvals }, undefined, 1)}\n`));
  }
}

/**
 * The approvals of this clone; the baseline is taken, and kept, when there are none yet.
 * @throws SecretsError `E_TRUST` for a file that cannot be understood: it is never taken for an empty one
 */
export function openTrust(place: TrustPlace, fleet: Fleet, now: Date): Trust {
  const bytes = place.load();
  if (bytes !== undefined) return new Trust(place, parse(bytes));
  const trust = new Trust(place, []);
  trust.accept(readersOf(fleet), "baseline", now);
  return trust;
}

function readersOf({ documents, principals }: Fleet): ApprovedKey[] {
  const readers = new Map(documents.flatMap((document) => document.readers.map((one) => [nameOf(one), one] as const)));
  return [...readers.values()].map(({ type, id }) => {
    const name = principals.nameOf(id);
    return { type, id, ...(name === undefined ? {} : { name }) };
  });
}

function parse(bytes: Uint8Array): readonly Approval[] {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw damaged();
  }
  const { version, approvals } = (json ?? {}) as { version?: unknown; approvals?: unknown };
  if (version !== 1 || !Array.isArray(approvals) || !approvals.every(isApproval)) throw damaged();
  return approvals;
}

function isApproval(value: unknown): value is Approval {
  const { type, id, since, how, name } = (value ?? {}) as Record<string, unknown>;
  const texts = [type, id, since, how].every((text) => typeof text === "string");
  return texts && (name === undefined || typeof name === "string");
}

function damaged(): SecretsError {
  return new SecretsError("E_TRUST", "the list of readers that were approved on this clone cannot be understood", {
    hint: "it is secrets/trust.json in the git directory; put it right, or move it away: then whoever can read now is approved anew",
  });
}

function nameOf({ type, id }: Pick<Approval, "type" | "id">): string {
  return `${type} ${id}`;
}
