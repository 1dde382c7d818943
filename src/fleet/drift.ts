/** The difference between who should read a document and who does. */
import type { Reader } from "./document.ts";
import type { Policy } from "./policy.ts";

export interface Drift {
  /** Ids, in the order of the policy. */
  readonly missing: readonly string[];
  /** Ids, in the order of the document. */
  readonly extra: readonly string[];
}

/** Policies and lists of readers are shared by documents; so is the difference between two of them. */
export class DriftTable {
  readonly #known = new Map<Policy, Map<readonly Reader[], Drift>>();

  of(policy: Policy, readers: readonly Reader[]): Drift {
    let ofPolicy = this.#known.get(policy);
    if (ofPolicy === undefined) {
      ofPolicy = new Map();
      this.#known.set(policy, ofPolicy);
    }
    const drift = ofPolicy.get(readers) ?? driftOf(policy, readers);
    ofPolicy.set(readers, drift);
    return drift;
  }
}

const NONE: Drift = { missing: [], extra: [] };

/** Both as sets: the order of readers means nothing. None without a policy, since then nobody is expected. */
function driftOf(policy: Policy, readers: readonly Reader[]): Drift {
  if (policy.kind === "none") return NONE;
  const expected = new Set(policy.readers.map(nameOf));
  const actual = new Set(readers.map(nameOf));
  const missing = policy.readers.filter((reader) => !actual.has(nameOf(reader))).map(({ id }) => id);
  const extra = readers.filter((reader) => !expected.has(nameOf(reader))).map(({ id }) => id);
  return missing.length + extra.length === 0 ? NONE : { missing, extra };
}

function nameOf({ type, id }: { type: string; id: string }): string {
  return `${type} ${id}`;
}
