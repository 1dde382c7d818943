/**
 * What follows for services when a value of theirs is put in place by somebody else than `generate`. clan leaves the
 * validation hash as it was, so that its next run writes over the value; and it says nothing of what reads the value.
 */
import type { Ground } from "../../fleet/ground.ts";
import type { Service } from "../../fleet/services/service.ts";
import { groundAfter, type Plan, type PlannedChange } from "../plan.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import { isFlatTree, serviceFolder } from "./folders.ts";
import { type ServiceGraph, withDependents } from "./graph.ts";
import { definitionOf } from "./set-defined.ts";
import { isDue, readStandings } from "./standing.ts";
import { draftHash } from "./stored-hash.ts";

export interface SettledPlan extends Plan {
  /** What to do once it is applied. */
  readonly next: readonly string[];
}

/** A plan of new values with what follows from them. */
export async function settlePlan(ground: Ground, graph: ServiceGraph, plan: Plan): Promise<SettledPlan> {
  const touched = await touchedServices(ground, graph, plan.changes);
  if (touched.length === 0) return { ...plan, next: [] };
  const after = groundAfter(ground, plan.changes);
  const draft = new PolicyDraft(after);
  await draftValidation(draft, touched);
  const changes = [...plan.changes, ...draft.changes];
  return { ...plan, changes, next: await staleNext(ground, graph, changes, touched) };
}

/**
 * For a value that is set to what it is: its service is valid by that, if all of it is there.
 * @returns undefined when it is valid already, or has no definition
 */
export async function planBlessing(ground: Ground, graph: ServiceGraph, address: string): Promise<Plan | undefined> {
  const defined = definitionOf(graph, address);
  if (defined === undefined) return undefined;
  const draft = new PolicyDraft(ground);
  await draftValidation(draft, [defined.service]);
  if (draft.changes.length === 0) return undefined;
  return {
    summary: `${address} has that value already; ${defined.service.address} is valid with it`,
    changes: draft.changes,
  };
}

/** Those of which a file is written. */
async function touchedServices(
  ground: Ground,
  graph: ServiceGraph,
  changes: readonly PlannedChange[],
): Promise<Service[]> {
  if (graph.services.size === 0) return [];
  const flat = isFlatTree((await ground.list()).map(({ path }) => path));
  const written = new Set(changes.flatMap(({ change }) => (change.kind === "write" ? [change.path as string] : [])));
  return [...graph.services.values()].filter((service) => {
    const folder = serviceFolder(service, flat);
    return service.files.some(({ name }) =>
      ["secret", "value"].some((kind) => written.has(`${folder}/${name}/${kind}`)),
    );
  });
}

/**
 * Writes the hash of each service whose files are all there once `draft` is applied: the person who put the values there
 * said by that that they are valid.
 */
export async function draftValidation(draft: PolicyDraft, services: Iterable<Service>): Promise<void> {
  const { ground } = draft;
  const flat = isFlatTree((await ground.list()).map(({ path }) => path));
  for (const service of services) {
    const folder = serviceFolder(service, flat);
    const there = await Promise.all(
      service.files.map(({ name, secret }) => ground.kind(`${folder}/${name}/${secret ? "secret" : "value"}`)),
    );
    if (there.some((kind) => kind !== "file")) continue;
    await draftHash(draft, folder, service.validation);
  }
}

/**
 * What to do about services that were made of other values than they would be now.
 * @param changes all that is planned. @param touched whose values are others by that
 */
export async function staleNext(
  ground: Ground,
  graph: ServiceGraph,
  changes: readonly PlannedChange[],
  touched: readonly Service[],
): Promise<readonly string[]> {
  const own = new Set(touched.map(({ address }) => address));
  const dependents = withDependents(graph, touched).filter(({ address }) => !own.has(address));
  if (dependents.length === 0) return [];
  const after = groundAfter(ground, changes);
  const standings = await readStandings(after, graph);
  const made = dependents.filter(
    ({ address, files }) => (standings.get(address)?.missing.length ?? 0) < Math.max(1, files.length),
  );
  if (made.length === 0) return [];
  // Of what clan made nothing is recorded, so a plain run would leave it as it is.
  const unknown = made.filter(({ address }) => !isStanding(standings.get(address)));
  if (unknown.length === 0) return ["secrets generate"];
  const flags = made.map(({ address }) => `--service ${address}`).join(" ");
  return [`secrets generate --regenerate ${flags}`];
}

function isStanding(standing: Parameters<typeof isDue>[0] | undefined): boolean {
  return standing !== undefined && isDue(standing);
}
