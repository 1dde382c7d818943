/** Who should read a document, and why: by links in tier 1, by rules in tier 2. */
import type { MasterKeyType } from "../sops/metadata.ts";

export interface Policy {
  readonly kind: "links" | "rule" | "none";
  /** Without repetition; in the order of the links' paths, or of the rule. */
  readonly readers: readonly ExpectedReader[];
  /**
   * False when a part of what decides cannot be read (a damaged `key.json`, a dangling link, a rule that sops would
   * refuse): then the list may lack readers, and nobody may lose access because of it.
   */
  readonly complete: boolean;
  /** For `rule`: the one that decides. */
  readonly rule?: RulePlace;
}

export interface ExpectedReader {
  readonly type: MasterKeyType;
  /** Canonical. */
  readonly id: string;
  readonly name?: string;
  /** At least one: `users/ada`, `groups/admins/users/ada`, `.sops.yaml:12 &admins`. */
  readonly reasons: readonly string[];
}

export interface RulePlace {
  /** Path of the `.sops.yaml`. */
  readonly config: string;
  /** Of the rule, from 1. */
  readonly line: number;
  /** Undefined: it matches everything. */
  readonly pathRegex: string | undefined;
}
