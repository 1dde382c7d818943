/** From what services made to one plan: values, links, public files, hashes, and what is left over from before. */
import type { Sealer } from "../../age/sealer.ts";
import { SecretsError } from "../../errors.ts";
import type { Ground } from "../../fleet/ground.ts";
import { listedGround } from "../../fleet/listed.ts";
import { baseOf, type PathIndex } from "../../fleet/path-index.ts";
import { NIX_INDEX_REASON, planNixIndex } from "../../fleet/services/nix-index.ts";
import type { Service, ServiceFile } from "../../fleet/services/service.ts";
import { groundAfter, type PlannedChange } from "../plan.ts";
import { type AccessPlan, policyEdit } from "../rekey/access-plan.ts";
import { planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import type { Workplace } from "../workplace.ts";
import { ReaderDraft } from "./draft-readers.ts";
import { RECORD, serviceFolder, VALIDATION_HASH } from "./folders.ts";
import type { ServiceGraph } from "./graph.ts";
import type { MadeFiles } from "./maker-input.ts";
import { definitionHash, formatRecord, type ServiceRecord } from "./record.ts";
import { draftSealed, type Sealing, tellSealed } from "./seal-values.ts";
import { Marks, type Standing } from "./standing.ts";
import { draftHash } from "./stored-hash.ts";

export interface ValueOrder {
  readonly graph: ServiceGraph;
  readonly standings: ReadonlyMap<string, Standing>;
  /** By the service's address. */
  readonly made: ReadonlyMap<string, MadeFiles>;
  /** Services that keep their values: their links are put right. */
  readonly mended: readonly Service[];
  readonly summary: string;
  readonly warnings?: readonly string[];
  readonly next?: readonly string[];
  /** One that was opened ahead; it is closed by this. */
  readonly sealer?: Sealer;
}

/**
 * A value that is written over makes a whole new document with a new data key, sealed to whom links say: what was there
 * need not be opened for it.
 *
 * @throws SecretsError `E_READER_UNKNOWN`, `E_NO_PERSON`, `E_SECRET_TO_PUBLIC`, and what `planAccess` throws
 */
export async function planValues(place: Workplace, order: ValueOrder): Promise<AccessPlan> {
  const { graph, standings, made, mended } = order;
  const { ground, index } = await listedGround(place.ground);
  const workplace: Workplace = { ...place, ground };
  const running = [...made.keys()].flatMap((address) => graph.services.get(address) ?? []);
  const draft = new PolicyDraft(ground);
  const readers = await ReaderDraft.open(workplace, draft, index, running.length > 0);
  readers.refuseStrangers([...running, ...mended]);
  const sealings: Sealing[] = [];
  for (const service of running) {
    const standing = standings.get(service.address);
    const files = made.get(service.address);
    if (standing === undefined || files === undefined) continue;
    await removeOtherPlace(draft, index, standing, order);
    for (const file of service.files) {
      const bytes = files.get(file.name) ?? new Uint8Array();
      const sealing = await placeFile(draft, index, readers, standing, file, bytes);
      if (sealing !== undefined) sealings.push(sealing);
    }
    await draftHash(draft, standing.folder, service.validation);
  }
  await draftNixIndex(draft, ground, graph);
  await draftSealed(workplace, draft, sealings, order.sealer);
  const mending = new PolicyDraft(ground);
  for (const service of mended) await mend(mending, index, readers.into(mending), standings.get(service.address));
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: order.summary,
      changes: mending.changes,
      apart: draft.changes,
      warnings: order.warnings ?? [],
      next: order.next ?? [],
    }),
  );
  return tellSealed(workplace, await withRecords(workplace, plan, running, order), sealings);
}

/** What Nix reads of definitions, if it is not what they say now. */
async function draftNixIndex(draft: PolicyDraft, ground: Ground, graph: ServiceGraph): Promise<void> {
  const change = await planNixIndex(ground, [...graph.services.values()]);
  if (change?.kind === "write") await draft.write(change.path, change.bytes, NIX_INDEX_REASON);
  else if (change !== undefined) await draft.remove(change.path, NIX_INDEX_REASON);
}

/** Links that are missing, or are not to be there, beside values that stay, and what Nix reads; without any key. */
export async function beyondValues(
  workplace: Workplace,
  { graph, standings }: Pick<ValueOrder, "graph" | "standings">,
  mended: readonly Service[],
): Promise<readonly PlannedChange[]> {
  const { ground, index } = await listedGround(workplace.ground);
  const draft = new PolicyDraft(ground);
  const readers = await ReaderDraft.open({ ...workplace, ground }, draft, index, false);
  for (const service of mended) await mend(draft, index, readers, standings.get(service.address));
  await draftNixIndex(draft, ground, graph);
  return draft.changes;
}

/** @returns what is to be sealed; a public value is drafted as it is */
async function placeFile(
  draft: PolicyDraft,
  index: PathIndex,
  readers: ReaderDraft,
  { service, folder }: Standing,
  file: ServiceFile,
  bytes: Uint8Array,
): Promise<Sealing | undefined> {
  const place = `${folder}/${file.name}`;
  const address = `${service.address}/${file.name}`;
  if (file.secret) {
    const keys = await readers.keysFor(service, file, place);
    await draft.remove(`${place}/value`, `${address} is a secret now`);
    return { path: `${place}/secret`, address, bytes, keys };
  }
  if (index.kindOf(`${place}/secret`) !== "missing") {
    throw new SecretsError("E_SECRET_TO_PUBLIC", `${address} is a secret, and its definition calls it public now`, {
      location: { file: `${place}/secret` },
      hint: `if it may be known to everybody, remove the secret first: secrets rm ${address}\nelse put it right in the definition: secret: true`,
    });
  }
  await draft.write(`${place}/value`, bytes, "public value");
  return undefined;
}

/**
 * A service that became shared, or ceased to be, is made anew in its new place, as clan does it: what lies in the old one
 * under the same names is read by nobody any more. A shared value goes only if all its machines have one of their own now.
 */
async function removeOtherPlace(
  draft: PolicyDraft,
  index: PathIndex,
  { service, folder }: Standing,
  { graph }: ValueOrder,
): Promise<void> {
  const { name, machine, machines, files } = service;
  const owned = (one: string) => graph.services.has(`vars/${one}/${name}`);
  const others =
    machine !== undefined
      ? graph.services.has(`vars/shared/${name}`)
        ? []
        : [`vars/shared/${name}`]
      : machines
          .filter((one) => !owned(one))
          .flatMap((one) => [false, true].map((flat) => serviceFolder({ name, machine: one }, flat)));
  for (const other of others) {
    if (other === folder) continue;
    const gone = files.filter((file) => {
      const readers = index.under(`${other}/${file.name}/machines`).map(({ path }) => baseOf(path));
      return machine === undefined || readers.every(owned);
    });
    const places = gone.map((file) => `${other}/${file.name}`);
    const below = index.under(other).map(({ path }) => path);
    const leaving = below.filter((path) => places.some((place) => path.startsWith(`${place}/`)));
    // What stands beside the files goes with the last of them.
    const beside = [`${other}/${VALIDATION_HASH}`, `${other}/${RECORD}`];
    const last = leaving.length > 0 && below.every((path) => leaving.includes(path) || beside.includes(path));
    for (const path of last ? below : leaving) await draft.remove(path, `${name} lies in ${folder} now`);
  }
}

async function mend(
  draft: PolicyDraft,
  index: PathIndex,
  readers: ReaderDraft,
  standing: Standing | undefined,
): Promise<void> {
  if (standing === undefined) return;
  const { service, folder, missing } = standing;
  for (const file of service.files) {
    if (!file.secret || missing.includes(file)) continue;
    const place = `${folder}/${file.name}`;
    await readers.mend(service, file, place);
    // What clan leaves of a public file that is a secret now.
    if (index.kindOf(`${place}/value`) !== "missing") {
      await draft.remove(`${place}/value`, `${service.address}/${file.name} is a secret now`);
    }
  }
}

/** What each was made of, as it will lie there once all of this is applied. */
async function withRecords(
  workplace: Workplace,
  plan: AccessPlan,
  running: readonly Service[],
  { graph, standings }: ValueOrder,
): Promise<AccessPlan> {
  const after = groundAfter(workplace.ground, plan.changes);
  const marks = new Marks(after, ({ address }) => standings.get(address)?.folder ?? address);
  const draft = new PolicyDraft(workplace.ground);
  for (const service of running) {
    const folder = standings.get(service.address)?.folder;
    if (folder === undefined) continue;
    const inputs = await marksOf(marks, graph.dependencies.get(service.address) ?? []);
    const outputs = await marksOf(marks, [service]);
    const record: ServiceRecord = { version: 1, definition: definitionHash(service), inputs, outputs };
    await draft.write(`${folder}/${RECORD}`, formatRecord(record), "what it was made of");
  }
  const records = new Map(draft.changes.map((change) => [change.change.path as string, change]));
  const replaced = (changes: readonly PlannedChange[]) => [
    ...changes.filter(({ change }) => !records.has(change.path)),
    ...records.values(),
  ];
  return { ...plan, changes: replaced(plan.changes), policy: replaced(plan.policy) };
}

async function marksOf(marks: Marks, services: readonly Service[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const service of services) {
    for (const { name } of service.files) {
      const mark = await marks.of(service, name);
      if (mark !== undefined) found[`${service.address}/${name}`] = mark;
    }
  }
  return found;
}
