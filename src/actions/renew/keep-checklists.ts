/**
 * Checklists follow what is done here: a value that gets a new content is taken off them, and one that is only sealed anew
 * keeps its entry, with the traces that it has now.
 */
import { formatAddress } from "../../fleet/address.ts";
import { readLayout } from "../../fleet/clan/layout.ts";
import type { Ground } from "../../fleet/ground.ts";
import { PathIndex, parentOf } from "../../fleet/path-index.ts";
import { formatOfPath } from "../../sops/format.ts";
import type { Format } from "../../sops/store.ts";
import type { PlannedChange } from "../plan.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import type { Workplace } from "../workplace.ts";
import { CHECKLISTS, type Checklist, type ChecklistEntry, formatChecklist, readChecklists } from "./checklist.ts";
import { movedDocuments } from "./moved-documents.ts";
import { type Content, contentOf, ValueComparer } from "./same-value.ts";
import { splitAddress } from "./standing.ts";

export interface Followed {
  /** Documents with other values than before. */
  readonly renewed: readonly PlannedChange[];
  /** Documents that hold the same values, under new data keys. */
  readonly sealedAnew: readonly PlannedChange[];
  /** Changes by which documents may come to lie elsewhere. */
  readonly moving?: readonly PlannedChange[];
}

/** @returns what becomes of the lists */
export async function followEntries(
  workplace: Workplace,
  { renewed, sealedAnew, moving = [] }: Followed,
): Promise<readonly PlannedChange[]> {
  const { ground } = workplace;
  // Most fleets have no list, and pay nothing for those of others.
  if ((await ground.kind(CHECKLISTS)) !== "directory") return [];
  const documents = await changedDocuments(ground, [...renewed, ...sealedAnew]);
  const same = new Set(sealedAnew.map(({ change }) => change.path as string));
  const moved = await movedDocuments(ground, moving);
  const comparer = new ValueComparer(workplace);
  const draft = new PolicyDraft(ground);
  for (const list of (await readChecklists(ground)).lists) {
    const entries: ChecklistEntry[] = [];
    for (const entry of list.entries) {
      const { document, key } = splitAddress(entry.address);
      const change = documents.get(document);
      let kept: ChecklistEntry | undefined = elsewhere(entry, moved.get(document));
      if (change !== undefined) {
        kept = same.has(change.path) ? carried(entry, change, key) : await leftOf(entry, change, key, comparer);
      }
      if (kept !== undefined) entries.push(kept);
    }
    if (entries.length !== list.entries.length || entries.some((entry, i) => entry !== list.entries[i])) {
      await writeList(draft, list, entries);
    }
  }
  return draft.changes;
}

function elsewhere(entry: ChecklistEntry, document: string | undefined): ChecklistEntry {
  if (document === undefined) return entry;
  return { ...entry, address: `${document}${entry.address.slice(splitAddress(entry.address).document.length)}` };
}

/** Traces are those of the value as it is sealed now; one that another tool has sealed anew before stays as it is. */
function carried(entry: ChecklistEntry, { before, after }: ChangedDocument, key: string): ChecklistEntry {
  const traces = after?.traces.get(key);
  const isOurs = before.traces.get(key)?.sealed === entry.traces.sealed;
  return isOurs && traces !== undefined ? { ...entry, traces } : entry;
}

/** Undefined for an entry that is done: its value goes, or is another one afterwards. */
async function leftOf(
  entry: ChecklistEntry,
  change: ChangedDocument,
  key: string,
  comparer: ValueComparer,
): Promise<ChecklistEntry | undefined> {
  const { before, after } = change;
  const [old, traces] = [before.traces.get(key), after?.traces.get(key)];
  // Nothing lay there before: whatever comes now is no answer to what is on the list.
  if (old === undefined || old.sealed === traces?.sealed) return entry;
  if (after === undefined || traces === undefined) return undefined;
  // A service may make the same value again.
  const same = await comparer.same(before, after, key);
  return same === false ? undefined : same ? carried(entry, change, key) : entry;
}

/** The lists without some entries; one that holds nothing any more goes. */
export async function dropEntries(
  draft: PolicyDraft,
  lists: readonly Checklist[],
  dropped: ReadonlySet<ChecklistEntry>,
): Promise<void> {
  for (const list of lists) {
    const entries = list.entries.filter((entry) => !dropped.has(entry));
    if (entries.length === list.entries.length) continue;
    await writeList(draft, list, entries);
  }
}

async function writeList(draft: PolicyDraft, list: Checklist, entries: readonly ChecklistEntry[]): Promise<void> {
  if (entries.length === 0) await draft.remove(list.path, "nothing is left to renew by hand");
  else await draft.write(list.path, formatChecklist({ ...list, entries }), "what is left to renew by hand");
}

interface ChangedDocument {
  readonly path: string;
  readonly before: Content;
  /** Undefined for what goes. */
  readonly after: Content | undefined;
}

/** By address. */
async function changedDocuments(
  ground: Ground,
  changes: readonly PlannedChange[],
): Promise<ReadonlyMap<string, ChangedDocument>> {
  const leaves = new Map(readLayout(new PathIndex(await ground.list())).leaves.map((leaf) => [leaf.path, leaf]));
  const documents = new Map<string, ChangedDocument>();
  for (const { change } of changes) {
    if (change.kind === "link" || (await ground.kind(change.path)) !== "file") continue;
    const leaf = change.path.endsWith("/secret") ? leaves.get(parentOf(change.path)) : undefined;
    const format: Format = leaf === undefined ? formatOfPath(change.path) : "binary";
    const before = contentOf(await ground.read(change.path), format);
    if (before === undefined) continue;
    const address = leaf === undefined ? fileAddress(change.path) : formatAddress(leaf.address);
    const after = change.kind === "write" ? contentOf(change.bytes, format) : undefined;
    documents.set(address, { path: change.path, before, after });
  }
  return documents;
}

function fileAddress(path: string): string {
  return formatAddress({ tier: "files", kind: "file", path, keyPath: [] });
}
