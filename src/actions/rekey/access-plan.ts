/** What a change of access would do, as data: shown, asked about, kept in a file, applied whole or not at all. */
import type { FleetDocument } from "../../fleet/document.ts";
import type { MasterKeyType } from "../../sops/metadata.ts";
import type { Plan, PlannedChange } from "../plan.ts";

export interface AccessPlan extends Plan {
  /** Everything that is no document: `key.json`, `.sops.yaml`, links. The same objects as in `changes`. */
  readonly policy: readonly PlannedChange[];
  /** By path. */
  readonly documents: readonly DocumentStep[];
  /** Addresses of values that a removed reader could read and that stay as they are. */
  readonly exposed: readonly string[];
  /** Each reader that something is sealed to by this plan, once. */
  readonly sealedTo: readonly PlannedReader[];
  /** What the person should know before they say yes. */
  readonly warnings: readonly string[];
  /** What to do once it is applied. */
  readonly next: readonly string[];
}

export interface DocumentStep {
  readonly tier: FleetDocument["tier"];
  readonly address: string;
  readonly path: string;
  readonly added: readonly PlannedReader[];
  readonly removed: readonly PlannedReader[];
  /** `risked`: a reader goes and the data key stays, because the person said so. */
  readonly dataKey: "kept" | "new" | "risked";
  /** The content itself is another one afterwards. */
  readonly newValue: boolean;
}

export interface PlannedReader {
  readonly type: MasterKeyType;
  /** Canonical. */
  readonly id: string;
  readonly name?: string;
}

/** The edits of the policy that an action makes; what they mean for the documents is reckoned from them. */
export interface PolicyEdit {
  /** What is done, as the line after "done:". */
  readonly summary: string;
  readonly changes: readonly PlannedChange[];
  /**
   * What goes along and is whole by itself: documents that are sealed to their readers already, with their links. They
   * change nobody else's readers, so the fleet is not read anew for them; lists of renewals see their values.
   */
  readonly apart: readonly PlannedChange[];
  /** Keys (`<type> <id>`) that leave every document whose policy does not name them otherwise. */
  readonly dropped: ReadonlySet<string>;
  /** Where `dropped` holds; everywhere when left out. */
  readonly droppedFrom?: (document: FleetDocument) => boolean;
  readonly warnings: readonly string[];
  readonly next: readonly string[];
}

/** Keys of different types could in principle have one text; both together are one name. */
export function keyName({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type} ${id}`;
}

export function policyEdit(edit: Pick<PolicyEdit, "summary"> & Partial<PolicyEdit>): PolicyEdit {
  return { changes: [], apart: [], dropped: new Set(), warnings: [], next: [], ...edit };
}
