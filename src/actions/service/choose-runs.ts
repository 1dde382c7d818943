/** Which services are to run: what was asked for and is due, what that needs, and everything that is made of it. */
import { SecretsError } from "../../errors.ts";
import { didYouMean } from "../../fleet/address.ts";
import type { Service } from "../../fleet/services/service.ts";
import { type ServiceGraph, spread } from "./graph.ts";
import { isDue, type Standing } from "./standing.ts";

export interface RunChoice {
  /** Of these machines alone; of all when empty. */
  readonly machines: readonly string[];
  /** Names or addresses; all when empty. */
  readonly services: readonly string[];
  /** New values also for what is current. */
  readonly regenerate: boolean;
}

export interface Run {
  readonly service: Service;
  /** For a person: why it runs. */
  readonly reasons: readonly string[];
  /** Its own new values were asked for: answers that were kept are asked again. */
  readonly afresh: boolean;
}

export interface Chosen {
  /** In the order of the graph. */
  readonly runs: readonly Run[];
  /** Those that only a person can supply, or that wait for one of those. */
  readonly byHand: readonly Run[];
  /** What was asked for, due or not. */
  readonly selected: readonly Service[];
}

type Standings = ReadonlyMap<string, Standing>;

/** @throws SecretsError `E_NO_SERVICE` for a name that no service, and `E_NO_MACHINE` for one that no machine here has */
export function chooseRuns(graph: ServiceGraph, standings: Standings, choice: RunChoice): Chosen {
  const selected = selectServices(graph, choice);
  const roots = selected.filter((service) => choice.regenerate || isDueIn(standings, service));
  const afresh = new Set(choice.regenerate ? roots.map(({ address }) => address) : []);
  const { reached, why } = reach(graph, standings, roots);
  const waiting = blocked(graph, standings, reached);
  const runOf = (service: Service): Run => ({
    service,
    reasons: reasonsFor(service, standings, afresh, why, waiting),
    afresh: afresh.has(service.address),
  });
  const missing = selected.filter(({ address }) => standings.get(address)?.state === "by hand");
  return {
    runs: reached.filter(({ address, maker }) => !waiting.has(address) && !isExternal(maker)).map(runOf),
    byHand: [...missing, ...reached.filter(({ address }) => waiting.has(address))].map(runOf),
    selected,
  };
}

function selectServices(graph: ServiceGraph, { machines, services }: RunChoice): Service[] {
  const all = [...graph.services.values()];
  const known = new Set(all.flatMap((service) => service.machines));
  for (const machine of machines) {
    if (!known.has(machine))
      throw unknown("E_NO_MACHINE", `no service is defined for a machine ${machine}`, machine, known);
  }
  const names = new Set(all.flatMap(({ name, address }) => [name, address]));
  for (const name of services) {
    if (!names.has(name)) throw unknown("E_NO_SERVICE", `there is no service ${name}`, name, names);
  }
  return all.filter(
    (service) =>
      (machines.length === 0 || service.machines.some((name) => machines.includes(name))) &&
      (services.length === 0 || services.includes(service.name) || services.includes(service.address)),
  );
}

function unknown(code: "E_NO_MACHINE" | "E_NO_SERVICE", message: string, name: string, known: Iterable<string>) {
  const hint = didYouMean(name, known) ?? "secrets service ls shows every service";
  return new SecretsError(code, message, { kind: "usage", hint });
}

/** The roots, what they need and is not there, and everything made of any of these. */
function reach(graph: ServiceGraph, standings: Standings, roots: readonly Service[]) {
  const why = new Map<string, string>();
  const reached = new Set<string>();
  const position = new Map([...graph.services.keys()].map((address, i) => [address, i]));
  const inOrder = (found: Service[]) =>
    found.sort((a, b) => (position.get(a.address) ?? 0) - (position.get(b.address) ?? 0));
  for (let found = spread(graph, reached, roots); found.length > 0; ) {
    const needed = new Map<string, Service>();
    for (const service of inOrder(found)) {
      for (const dependency of graph.dependencies.get(service.address) ?? []) {
        if (reached.has(dependency.address) || !isDueIn(standings, dependency, "missing")) continue;
        needed.set(dependency.address, dependency);
        why.set(dependency.address, `${service.address} reads it`);
      }
    }
    found = spread(graph, reached, needed.values());
  }
  return { reached: [...graph.services.values()].filter(({ address }) => reached.has(address)), why };
}

/** What reads a file that only a person can supply, and that is not there yet; by the address of who waits. */
function blocked(graph: ServiceGraph, standings: Standings, reached: readonly Service[]): Map<string, string> {
  const waiting = new Map<string, string>();
  for (const { address } of reached) {
    for (const dependency of graph.dependencies.get(address) ?? []) {
      const absent = standings.get(dependency.address)?.state === "by hand";
      if (absent || waiting.has(dependency.address)) waiting.set(address, dependency.address);
    }
  }
  return waiting;
}

function reasonsFor(
  service: Service,
  standings: Standings,
  afresh: ReadonlySet<string>,
  why: ReadonlyMap<string, string>,
  waiting: ReadonlyMap<string, string>,
): string[] {
  const { address } = service;
  const wait = waiting.get(address);
  if (wait !== undefined) return [`waits for ${wait}`];
  const reasons = [...(standings.get(address)?.reasons ?? [])];
  if (afresh.has(address)) reasons.unshift("new values");
  const needed = why.get(address);
  if (needed !== undefined) reasons.push(needed);
  return reasons.length > 0 ? reasons : ["what it reads is made anew"];
}

function isDueIn(standings: Standings, { address }: Service, state?: Standing["state"]): boolean {
  const standing = standings.get(address);
  return standing !== undefined && (state === undefined ? isDue(standing) : standing.state === state);
}

function isExternal(maker: Service["maker"]): boolean {
  return maker.kind === "built-in" && maker.name === "external";
}
