/**
 * From edits of the policy to a whole plan. What the edits mean for documents is not reckoned twice: the fleet is read
 * once more with the edits laid over it, and each document whose readers should then be others is sealed to those.
 */

import { SecretsError } from "../../errors.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import { type Fleet, loadFleet } from "../../fleet/fleet.ts";
import type { Policy } from "../../fleet/policy.ts";
import { opensAlone } from "../../fleet/shares.ts";
import { askPlugins } from "../ask-plugins.ts";
import { namedFew } from "../named-few.ts";
import { groundAfter, type PlannedChange } from "../plan.ts";
import { followEntries } from "../renew/keep-checklists.ts";
import { carryRecords } from "../service/carry-records.ts";
import type { Workplace } from "../workplace.ts";
import { type AccessPlan, type DocumentStep, keyName, type PlannedReader, type PolicyEdit } from "./access-plan.ts";
import { refuseReaders } from "./refusals.ts";
import { type Rekeyed, type RekeyOrder, rekeyDocument } from "./rekey-document.ts";
import { StatedTexts, type WantedReaders, wantedReaders } from "./wanted-readers.ts";

export interface PlanOptions {
  /** Brings these in line with the policy whether or not the edit touches them; by default none. */
  readonly sync?: (document: FleetDocument) => boolean;
  /** These get a new data key whatever happens to their readers. */
  readonly freshDataKey?: (document: FleetDocument) => boolean;
  /** A removed reader keeps what it may have copied: the data key stays. */
  readonly keepDataKey?: boolean;
  /** New contents of binary documents, by path. */
  readonly values?: ReadonlyMap<string, Uint8Array>;
  /** Allows readers that the consumer of a document may not be able to use. */
  readonly force?: boolean;
  readonly onProgress?: (done: number, all: number) => void;
}

/** Documents that are worked on at one time: enough to keep the crypto busy, few enough for the memory. */
const ABREAST = 64;
/** Documents between two words of progress. */
const STEP = 32;
/** An error is to be read. */
const LISTED = 12;
const NOBODY: ReadonlySet<string> = new Set();

/**
 * @throws SecretsError `E_CANNOT_OPEN` (kind `identity`) naming for each document who could open it; `E_LAST_PERSON`,
 *   `E_READER_UNUSABLE`, `E_CANNOT_WRAP`, `E_POLICY_UNCLEAR`. Nothing is written in any case.
 */
export async function planAccess(
  workplace: Workplace,
  edit: PolicyEdit,
  options: PlanOptions = {},
): Promise<AccessPlan> {
  const before = await workplace.fleet();
  const { changes, apart } = edit;
  const after = changes.length === 0 ? before : await loadFleet(groundAfter(workplace.ground, changes, before));
  const orders = ordersFor(before, after, edit, options);
  refuseReaders(before, after, orders, options.force === true);
  const rekeyed = await rekeyAll(workplace, orders, options);
  const documents = orders.map(stepOf(options, namesIn(before, after)));
  const followed = await followChanges(workplace, edit, orders, rekeyed);
  return {
    summary: edit.summary,
    changes: [...apart, ...changes, ...followed, ...rekeyed.map(({ change }) => change)],
    policy: [...apart, ...changes, ...followed],
    documents,
    exposed: orders.flatMap((order, i) => exposedBy(order, rekeyed[i])),
    sealedTo: sealedTo(rekeyed, namesIn(before, after)),
    warnings: [...edit.warnings, ...orders.flatMap(unlinkedMachines), ...risks(documents)],
    next: edit.next,
  };
}

/** What is kept of values elsewhere in the fleet, where they are sealed anew or get another content. */
async function followChanges(
  workplace: Workplace,
  edit: PolicyEdit,
  orders: readonly RekeyOrder[],
  rekeyed: readonly Rekeyed[],
): Promise<readonly PlannedChange[]> {
  const sealedAnew = rekeyed.flatMap(({ change }, i) =>
    orders[i]?.freshDataKey === true && orders[i]?.value === undefined ? [change] : [],
  );
  const replaced = rekeyed.flatMap(({ change }, i) => (orders[i]?.value === undefined ? [] : [change]));
  // What goes here is no new value; it may lie elsewhere from now on.
  const moving = [...edit.apart, ...edit.changes];
  const drafted = moving.filter(({ change }) => change.kind === "write");
  return [
    ...(await carryRecords(workplace.ground, sealedAnew)),
    ...(await followEntries(workplace, { renewed: [...drafted, ...replaced], sealedAnew, moving })),
  ];
}

function ordersFor(before: Fleet, after: Fleet, edit: PolicyEdit, options: PlanOptions): RekeyOrder[] {
  const known = new Map(before.documents.map((document) => [document.path, document]));
  const removed = new Set(edit.changes.flatMap(({ change }) => (change.kind === "remove" ? [change.path] : [])));
  const texts = new StatedTexts(after);
  const samePolicy = policyComparer();
  return after.documents.flatMap((document): RekeyOrder[] => {
    if (removed.has(document.path as never)) return [];
    const old = known.get(document.path);
    const { readers, path } = document;
    const dropped = edit.droppedFrom?.(document) === false ? NOBODY : edit.dropped;
    const touched =
      options.sync?.(document) === true ||
      (old !== undefined && !samePolicy(old.policy, document.policy)) ||
      (dropped.size > 0 && readers.some((reader) => dropped.has(keyName(reader))));
    const fresh = options.freshDataKey?.(document) === true;
    const value = options.values?.get(path);
    if (!touched && !fresh && value === undefined) return [];
    const wanted: WantedReaders = touched
      ? wantedReaders(after, document, dropped, texts, new Set(old?.extra))
      : { groups: undefined, shamirThreshold: 0, added: [], removed: [], regrouped: false, unlinked: [] };
    const { added, removed: gone, regrouped } = wanted;
    if (added.length + gone.length === 0 && !regrouped && !fresh && value === undefined) return [];
    const lost = (gone.length > 0 || regrouped) && options.keepDataKey !== true;
    return [
      {
        document,
        wanted,
        freshDataKey: fresh || lost,
        ...(value === undefined ? {} : { value }),
        reason: reasonOf(wanted, fresh, value !== undefined),
      },
    ];
  });
}

/** Policies are shared by many documents: each pair is compared once. */
function policyComparer(): (a: Policy, b: Policy) => boolean {
  const spelled = new Map<Policy, string>();
  const spell = (policy: Policy): string => {
    const known = spelled.get(policy) ?? `${policy.kind} ${policy.readers.map(keyName).sort().join("\n")}`;
    spelled.set(policy, known);
    return known;
  };
  return (a, b) => spell(a) === spell(b);
}

function reasonOf({ added, removed, regrouped }: WantedReaders, fresh: boolean, value: boolean): string {
  const parts = [
    ...added.map(({ name, id }) => `+${name ?? id}`),
    ...removed.map(({ name, id }) => `-${name ?? id}`),
    ...(regrouped ? ["key groups"] : []),
    ...(value ? ["new value"] : []),
  ];
  return parts.length === 0 && fresh ? "new data key" : parts.join(" ");
}

/**
 * Opens and seals, and gathers what cannot be opened: all of it is told at once. Whenever a document is done the next
 * one begins, so that there is something to open here while other threads seal.
 */
async function rekeyAll(
  workplace: Workplace,
  orders: readonly RekeyOrder[],
  { onProgress }: PlanOptions,
): Promise<Rekeyed[]> {
  const rekeyed = new Map<number, Rekeyed>();
  const locked = new Map<number, SecretsError>();
  await askPlugins(
    workplace,
    orders.map(({ document }) => document),
  );
  const sealer = workplace.openSealer(orders.reduce((sum, order) => sum + wrapsOf(order), 0));
  const waiting = takenOnce(orders);
  let done = 0;
  const work = async () => {
    // Leaving the loop by an error ends it for everybody.
    for (const [i, order] of waiting) {
      try {
        rekeyed.set(i, await rekeyDocument(workplace, sealer, order));
      } catch (error) {
        if (!isLocked(error)) throw error;
        locked.set(i, error);
      }
      done++;
      if (done % STEP === 0 || done === orders.length) onProgress?.(done, orders.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: ABREAST }, work));
  } finally {
    await sealer.close();
  }
  if (locked.size > 0) throw cannotOpen(inOrder(locked), orders.length);
  return inOrder(rekeyed);
}

/** With their places. What one loop takes, no other does. */
function* takenOnce<T>(items: readonly T[]): Generator<[number, T], void> {
  yield* items.entries();
}

function inOrder<T>(found: ReadonlyMap<number, T>): T[] {
  return [...found].sort(([a], [b]) => a - b).map(([, value]) => value);
}

/** How many times the data key of a document, or a share of it, will be sealed. */
function wrapsOf({ document, wanted, freshDataKey }: RekeyOrder): number {
  const { added, removed } = wanted;
  return freshDataKey ? document.readers.length + added.length - removed.length : added.length;
}

function isLocked(error: unknown): error is SecretsError {
  return error instanceof SecretsError && error.code === "E_NO_IDENTITY";
}

function cannotOpen(locked: readonly SecretsError[], all: number): SecretsError {
  const [first] = locked;
  if (locked.length === 1 && all === 1 && first !== undefined) return first;
  return new SecretsError(
    "E_CANNOT_OPEN",
    `${locked.length} of the ${all} documents of this plan cannot be opened here`,
    {
      kind: "identity",
      hint: [
        ...namedFew(
          locked.map(({ location, message }) => `${location?.file ?? ""}: ${message}`),
          LISTED,
        ),
        "nothing was changed: let somebody run it who can open all of them, or leave these out",
      ].join("\n"),
    },
  );
}

type NameOf = (id: string) => string | undefined;

function namesIn(before: Fleet, after: Fleet): NameOf {
  return (id) => after.principals.nameOf(id) ?? before.principals.nameOf(id);
}

function plannedReader(nameOf: NameOf) {
  return ({ type, id }: { type: PlannedReader["type"]; id: string }): PlannedReader => {
    const name = nameOf(id);
    return { type, id, ...(name === undefined ? {} : { name }) };
  };
}

function stepOf({ keepDataKey }: PlanOptions, nameOf: NameOf) {
  return ({ document, wanted, freshDataKey, value }: RekeyOrder): DocumentStep => ({
    tier: document.tier,
    address: document.address,
    path: document.path,
    added: wanted.added.map(plannedReader(nameOf)),
    removed: wanted.removed.map(plannedReader(nameOf)),
    dataKey: freshDataKey ? "new" : keepDataKey === true && wanted.removed.length > 0 ? "risked" : "kept",
    newValue: value !== undefined,
  });
}

/** What a reader who goes has seen stays true until it is another value. */
function exposedBy({ document, wanted, value }: RekeyOrder, rekeyed: Rekeyed | undefined): string[] {
  if (value !== undefined || rekeyed === undefined) return [];
  const gone = new Set(wanted.removed.map(({ id }) => id));
  // One share of a split data key has opened nothing.
  if (!opensAlone(document, (id) => gone.has(id))) return [];
  return rekeyed.sealedKeys.map((key) => (key === "" ? document.address : `${document.address}#${key}`));
}

/** What was sealed, not what was meant to be: a layout may make more of it necessary than the readers tell. */
function sealedTo(rekeyed: readonly Rekeyed[], nameOf: NameOf): PlannedReader[] {
  const all = new Map<string, PlannedReader>();
  for (const reader of rekeyed.flatMap((one) => one.sealedTo)) {
    if (!all.has(keyName(reader))) all.set(keyName(reader), plannedReader(nameOf)(reader));
  }
  return [...all.values()];
}

function unlinkedMachines({ document, wanted }: RekeyOrder): string[] {
  return wanted.unlinked.map(
    ({ name, id }) =>
      `${document.address}: machine ${name ?? id} reads it and has no link; it keeps its access, and secrets sync restores the link`,
  );
}

function risks(documents: readonly DocumentStep[]): string[] {
  const risked = documents.filter(({ dataKey }) => dataKey === "risked").length;
  if (risked === 0) return [];
  return [
    `${risked} ${risked === 1 ? "document keeps its" : "documents keep their"} data key: whoever was removed and kept a copy of it can open what is written into ${risked === 1 ? "it" : "them"} from now on`,
  ];
}
