/** A plan as data for people's programs: `--json` prints it. Names, keys and paths; never content. */
import { baseOf, parentOf } from "../../fleet/path-index.ts";
import type { FileChange } from "../../repo/change.ts";
import type { PlannedChange } from "../plan.ts";
import type { AccessPlan, DocumentStep, PlannedReader } from "./access-plan.ts";

export interface PlanView {
  readonly schemaVersion: 1;
  readonly summary: string;
  /** Whether it was applied; false for a dry run, for a plan that went into a file, and when there was nothing to do. */
  readonly applied: boolean;
  /** The commit that was made of it. */
  readonly commit?: string;
  readonly policy: readonly PolicyView[];
  readonly links: readonly PolicyView[];
  readonly documents: readonly DocumentView[];
  readonly exposed: readonly string[];
  /** Readers that were never approved on this clone. */
  readonly unapproved: readonly ReaderView[];
  readonly warnings: readonly string[];
  readonly next: readonly string[];
}

export interface PolicyView {
  readonly tier: "vars" | "files" | "other";
  readonly path: string;
  readonly verb: "write" | "add" | "remove";
  readonly reason: string;
}

export interface DocumentView {
  readonly tier: "vars" | "files";
  readonly address: string;
  readonly path: string;
  readonly added: readonly ReaderView[];
  readonly removed: readonly ReaderView[];
  readonly dataKey: "kept" | "new" | "risked";
  readonly newValue: boolean;
}

export interface ReaderView {
  readonly recipient: string;
  readonly name?: string;
}

export interface PlanOutcome {
  readonly applied: boolean;
  readonly commit?: string | undefined;
  readonly unapproved: readonly PlannedReader[];
}

export function viewPlan(plan: AccessPlan, { applied, commit, unapproved }: PlanOutcome): PlanView {
  const { summary, policy, documents, exposed, warnings, next } = plan;
  return {
    schemaVersion: 1,
    summary,
    applied,
    ...(commit === undefined ? {} : { commit }),
    policy: policy.filter((change) => !isLink(change)).map(viewPolicy),
    links: policy.filter(isLink).map(viewPolicy),
    documents: documents.map(viewDocument),
    exposed,
    unapproved: unapproved.map(viewReader),
    warnings,
    next,
  };
}

/** Whether a change makes or removes one of clan's links; a removed file is told by where it lies. */
export function isLink({ change }: PlannedChange): boolean {
  if (change.kind === "link") return true;
  if (change.kind === "write") return false;
  return change.expect.startsWith("link:");
}

/** The tier that a change of the policy belongs to; `other` for what says nothing of readers, such as `known_hosts`. */
export function tierOfChange({ kind, path }: FileChange): PolicyView["tier"] {
  if (path.startsWith("sops/") || path.startsWith("vars/")) return "vars";
  // Documents may go with who alone could read them.
  return kind === "remove" || baseOf(path) === ".sops.yaml" ? "files" : "other";
}

/** `vars/…/users/ada` reads better by its folder. */
export function folderOfLink(path: string): string {
  return parentOf(parentOf(path));
}

function viewPolicy({ change, reason }: PlannedChange): PolicyView {
  const verb = change.kind === "remove" ? "remove" : change.expect === "absent" ? "add" : "write";
  return { tier: tierOfChange(change), path: change.path, verb, reason };
}

function viewDocument({ tier, address, path, added, removed, dataKey, newValue }: DocumentStep): DocumentView {
  return { tier, address, path, added: added.map(viewReader), removed: removed.map(viewReader), dataKey, newValue };
}

function viewReader({ id, name }: PlannedReader): ReaderView {
  return { recipient: id, ...(name === undefined ? {} : { name }) };
}
