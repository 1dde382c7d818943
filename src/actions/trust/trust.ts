/**
 * Readers that were approved on this clone, key by key. Policy alone lets nobody in: a key that a pull request slipped
 * into `.sops.yaml` or a link directory is sealed to only after somebody here said yes to that very key.
 */
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { MasterKeyType } from "../../sops/metadata.ts";
import { baselineOf } from "./baseline.ts";

/**
 * `baseline`: was in when this clone was first looked at; `accepted`: shown and approved; `stated`: typed or made here.
 */
export type ApprovalReason = "baseline" | "accepted" | "stated";

export interface ApprovedKey {
  readonly type: MasterKeyType;
  /** Canonical. */
  readonly id: string;
  /** Whose it was when it was approved. For people; nothing is decided by it. */
  readonly name?: string;
}

export interface Approval extends ApprovedKey {
  /** RFC 3339. */
  readonly since: string;
  readonly how: ApprovalReason;
}

/** Where the approvals are kept. */
export interface TrustPlace {
  /** Undefined when nothing was ever kept on this clone. @throws SecretsError when it is there and cannot be read */
  readonly load: () => Uint8Array | undefined;
  /** Replaces what is there in one step; nobody else does so between reading and writing. @throws SecretsError */
  readonly update: (change: (now: Uint8Array | undefined) => Uint8Array) => Promise<void>;
}

export interface Trust {
  /** By name, then key. */
  readonly approvals: readonly Approval[];
  isApproved(key: Pick<Approval, "type" | "id">): boolean;
  /** A key that is approved already keeps its date and reason. @throws SecretsError when it cannot be kept */
  accept(keys: readonly ApprovedKey[], how: ApprovalReason, now: Date): Promise<void>;
  /** @returns those that were approved until now @throws SecretsError when it cannot be kept */
  forget(keys: readonly Pick<Approval, "type" | "id">[]): Promise<readonly Approval[]>;
}

const VERSION = 1;
const TYPES: ReadonlySet<unknown> = new Set<MasterKeyType>([
  ...(["age", "pgp", "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault"] as const),
]);
const REASONS: ReadonlySet<unknown> = new Set<ApprovalReason>(["baseline", "accepted", "stated"]);

/**
 * The approvals of this clone; the baseline is taken, and kept, when there are none yet.
 * @param fleet as it is, not as a plan would make it
 * @throws SecretsError `E_TRUST` for a file that cannot be understood: it is never taken for an empty one
 */
export async function openTrust(place: TrustPlace, fleet: Fleet, now: Date): Promise<Trust> {
  const kept = place.load();
  let known = kept === undefined ? new Map<string, Approval>() : parse(kept);
  const change = (edit: (approvals: Map<string, Approval>) => void): Promise<void> =>
    place.update((current) => {
      // What another run decided since this one read it stands.
      const approvals = current === undefined ? new Map(known) : parse(current);
      edit(approvals);
      known = approvals;
      return encode(approvals);
    });
  if (kept === undefined) {
    known = new Map(baselineOf(fleet).map((key) => [nameOf(key), approvalOf(key, "baseline", now)]));
    await keepBaseline(change);
  }
  return {
    get approvals() {
      return sorted(known);
    },
    isApproved: (key) => known.has(nameOf(key)),
    accept: async (keys, how, at) => {
      if (keys.every((key) => known.has(nameOf(key)))) return;
      await change((approvals) => {
        for (const key of keys) if (!approvals.has(nameOf(key))) approvals.set(nameOf(key), approvalOf(key, how, at));
      });
    },
    forget: async (keys) => {
      const gone = new Map<string, Approval>();
      await change((approvals) => {
        for (const key of keys) {
          const approval = approvals.get(nameOf(key));
          if (approval !== undefined) gone.set(nameOf(key), approval);
          approvals.delete(nameOf(key));
        }
      });
      return [...gone.values()];
    },
  };
}

/** A clone that cannot be written to cannot be changed either: whoever only looks at it is let look. */
async function keepBaseline(change: (edit: () => void) => Promise<void>): Promise<void> {
  try {
    await change(() => {});
  } catch (error) {
    const code = error instanceof SecretsError ? error.code : undefined;
    if (code !== "E_READ_ONLY" && code !== "E_NO_PERMISSION" && code !== "E_NO_SPACE") throw error;
  }
}

function approvalOf({ type, id, name }: ApprovedKey, how: ApprovalReason, now: Date): Approval {
  return { type, id, ...(name === undefined ? {} : { name }), since: now.toISOString(), how };
}

function sorted(approvals: ReadonlyMap<string, Approval>): readonly Approval[] {
  const order = ({ name = "\u{10ffff}", id }: Approval) => `${name}\0${id}`;
  return [...approvals.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function encode(approvals: ReadonlyMap<string, Approval>): Uint8Array {
  return Buffer.from(`${JSON.stringify({ version: VERSION, approvals: sorted(approvals) }, undefined, 1)}\n`);
}

function parse(bytes: Uint8Array): Map<string, Approval> {
  const { version, approvals } = parseJson(bytes);
  if (typeof version === "number" && version > VERSION)
    throw unusable("a newer version of this program wrote it", "use that version on this clone");
  if (version !== VERSION || !Array.isArray(approvals) || !approvals.every(isApproval)) throw unusable();
  return new Map(approvals.map((approval) => [nameOf(approval), approval]));
}

function parseJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (isRecord(value)) return value;
  } catch {
    // Told below.
  }
  throw unusable();
}

function isApproval(value: unknown): value is Approval {
  if (!isRecord(value)) return false;
  const { type, id, name, since, how } = value;
  const texts = [id, since, name ?? ""].every((text) => typeof text === "string");
  return texts && TYPES.has(type) && REASONS.has(how);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function unusable(
  why = "it cannot be understood",
  hint = "it is secrets/trust.json in the git directory; put it right, or move it away: then the next run takes a new baseline",
): SecretsError {
  return new SecretsError("E_TRUST", `the list of readers that were approved on this clone is of no use: ${why}`, {
    hint,
  });
}

function nameOf({ type, id }: Pick<Approval, "type" | "id">): string {
  return `${type} ${id}`;
}
