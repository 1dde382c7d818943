/** What a command would do to the repository, as data: it can be shown, refused, and applied as one transaction. */
import type { FileChange } from "../repo/change.ts";

export interface Plan {
  /** One line for the person: what this does, without values. */
  readonly summary: string;
  readonly changes: readonly PlannedChange[];
}

export interface PlannedChange {
  readonly change: FileChange;
  /** Why this file is touched, for example "value of token" or "reader ada". */
  readonly reason: string;
}
