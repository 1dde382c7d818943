/** Which service reads the files of which: resolved as clan resolves it, and told where it cannot be. */
import { SecretsError } from "../../errors.ts";
import { didYouMean } from "../../fleet/address.ts";
import type { Service } from "../../fleet/services/service.ts";

export interface ServiceGraph {
  /** By address, in an order in which each comes after what it reads; of several that could be next, by address. */
  readonly services: ReadonlyMap<string, Service>;
  /** What a service reads, in the order of its definition. */
  readonly dependencies: ReadonlyMap<string, readonly Service[]>;
  /** Who reads the files of a service. */
  readonly dependents: ReadonlyMap<string, readonly Service[]>;
}

/** Names in one message. */
const LISTED = 12;
/** Unknown names for which what may have been meant is looked for. */
const GUESSES = 100;

/**
 * A name means the service of that name on the same machine, and otherwise the shared one.
 *
 * @returns the graph of all that is sound, and everything that is not: `E_SERVICE_DEPENDENCY` for a name that nothing
 *   answers to and for a shared service that depends on one of a machine, `E_SERVICE_CYCLE` with its path
 */
export function readGraph(services: readonly Service[]): { graph: ServiceGraph; faults: readonly SecretsError[] } {
  const known = new Map(services.map((service) => [service.address, service]));
  const faults: SecretsError[] = [];
  const names = new Names(services);
  const dependencies = new Map<string, Service[]>();
  const dependents = new Map<string, Service[]>(services.map(({ address }) => [address, []]));
  for (const service of services) {
    const found = service.dependencies.flatMap((name) => {
      const dependency = dependencyOf(known, service, name);
      // A definition makes a service on each of its machines, and the fault is the definition's.
      if (dependency === undefined && names.isNew(service, name)) faults.push(unresolved(names, service, name));
      return dependency ?? [];
    });
    dependencies.set(service.address, found);
    for (const { address } of found) dependents.get(address)?.push(service);
  }
  const { order, cycle } = sorted(services, dependencies, dependents);
  if (cycle.length > 0) faults.push(cyclic(cycle));
  return { graph: { services: new Map(order.map((one) => [one.address, one])), dependencies, dependents }, faults };
}

/** The graph. @throws SecretsError the first fault, with the others in its hint */
export function soundGraph(services: readonly Service[]): ServiceGraph {
  const { graph, faults } = readGraph(services);
  const [first, ...others] = faults;
  if (first === undefined) return graph;
  if (others.length === 0) throw first;
  const more = others.slice(0, LISTED).map(({ message }) => message);
  throw new SecretsError(first.code, first.message, {
    kind: first.kind,
    hint: [...(first.hint === undefined ? [] : [first.hint]), "and:", ...more, "secrets service check tells all"].join(
      "\n",
    ),
    ...(first.location === undefined ? {} : { location: first.location }),
  });
}

/** These, and everything that reads their files, however indirectly; in the order of the graph. */
export function withDependents(graph: ServiceGraph, roots: Iterable<Service>): Service[] {
  const reached = new Set<string>();
  spread(graph, reached, roots);
  return [...graph.services.values()].filter(({ address }) => reached.has(address));
}

/** Adds these and everything that reads their files to `reached`. @returns those that were not in it, in no order */
export function spread(graph: ServiceGraph, reached: Set<string>, roots: Iterable<Service>): Service[] {
  const found: Service[] = [];
  const waiting = [...roots];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (reached.has(next.address)) continue;
    reached.add(next.address);
    found.push(next);
    for (const dependent of graph.dependents.get(next.address) ?? []) waiting.push(dependent);
  }
  return found;
}

/** Where a definition stands, for an error. */
function placeOf({ origin }: Service): { location?: { file: string; line?: number } } {
  return origin.kind === "file" ? { location: { file: origin.path, line: origin.line } } : {};
}

function dependencyOf(known: ReadonlyMap<string, Service>, { machine }: Service, name: string): Service | undefined {
  const own = machine === undefined ? undefined : known.get(`vars/${machine}/${name}`);
  return own ?? known.get(`vars/shared/${name}`);
}

function unresolved(names: Names, service: Service, name: string): SecretsError {
  const { location } = placeOf(service);
  const place = location === undefined ? {} : { location: { ...location, keyPath: ["dependencies", name] } };
  const fault = (message: string, hint: string) =>
    new SecretsError("E_SERVICE_DEPENDENCY", message, { ...place, hint });
  if (names.has(name) && service.machine === undefined) {
    return fault(
      `${service.address} is shared and depends on ${name}, which each machine has its own of`,
      `share ${name} as well, or give each machine its own ${service.name}`,
    );
  }
  const here =
    service.machine === undefined ? "no shared service" : `no service on ${service.machine} and no shared one`;
  return fault(
    `${service.address} depends on ${name}, and there is ${here} of that name`,
    names.near(name) ?? "secrets service ls shows every service",
  );
}

/** What dependencies may mean. A definition has the same unknown name on each of its machines, and a hostile one has many. */
class Names {
  readonly #known: ReadonlySet<string>;
  readonly #near = new Map<string, string | undefined>();
  readonly #told = new Set<string>();

  constructor(services: readonly Service[]) {
    this.#known = new Set(services.map(({ name }) => name));
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** Whether nothing was told yet of this name in this definition. */
  isNew({ address, origin }: Service, name: string): boolean {
    const place = JSON.stringify([origin.kind === "file" ? origin.path : address, name]);
    if (this.#told.has(place)) return false;
    this.#told.add(place);
    return true;
  }

  near(name: string): string | undefined {
    if (!this.#near.has(name) && this.#near.size < GUESSES) this.#near.set(name, didYouMean(name, this.#known));
    return this.#near.get(name);
  }
}

/** By levels, so that the order does not depend on that of the input; each dependency is looked at once. */
function sorted(
  services: readonly Service[],
  dependencies: ReadonlyMap<string, readonly Service[]>,
  dependents: ReadonlyMap<string, readonly Service[]>,
) {
  const open = new Map<string, number>();
  for (const { address } of services) open.set(address, dependencies.get(address)?.length ?? 0);
  const order: Service[] = [];
  let ready = services.filter(({ address }) => open.get(address) === 0);
  while (ready.length > 0) {
    const next: Service[] = [];
    for (const service of ready.sort(byAddress)) {
      order.push(service);
      open.delete(service.address);
      for (const dependent of dependents.get(service.address) ?? []) {
        const left = (open.get(dependent.address) ?? 0) - 1;
        open.set(dependent.address, left);
        if (left === 0) next.push(dependent);
      }
    }
    ready = next;
  }
  return { order, cycle: findCycle(services, dependencies, open) };
}

/** Each that is still open waits for another one that is: following what one waits for comes back to where it was. */
function findCycle(
  services: readonly Service[],
  dependencies: ReadonlyMap<string, readonly Service[]>,
  open: ReadonlyMap<string, number>,
): Service[] {
  const path = new Set<Service>();
  let [next] = services.filter(({ address }) => open.has(address)).sort(byAddress);
  while (next !== undefined && !path.has(next)) {
    path.add(next);
    next = dependencies.get(next.address)?.find(({ address }) => open.has(address));
  }
  const steps = [...path];
  return next === undefined ? [] : steps.slice(steps.indexOf(next));
}

function byAddress(a: Service, b: Service): number {
  return a.address < b.address ? -1 : 1;
}

function cyclic(cycle: readonly Service[]): SecretsError {
  const [first] = cycle;
  const steps = cycle.slice(0, LISTED).map(({ address }) => address);
  if (cycle.length > LISTED) steps.push(`… ${cycle.length - LISTED} more …`);
  const path = [...steps, ...steps.slice(0, 1)].join(" → ");
  return new SecretsError("E_SERVICE_CYCLE", `these services depend on each other in a cycle: ${path}`, {
    ...(first === undefined ? {} : placeOf(first)),
    hint: "take one of these dependencies out",
  });
}
