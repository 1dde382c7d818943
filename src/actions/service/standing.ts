/** What there is of each service, without any key: all of it, some of it, or something older than what it is made of. */
import type { Ground } from "../../fleet/ground.ts";
import { listedGround } from "../../fleet/listed.ts";
import type { PathIndex } from "../../fleet/path-index.ts";
import type { Service, ServiceFile } from "../../fleet/services/service.ts";
import { isFlatTree, serviceFolder } from "./folders.ts";
import type { ServiceGraph } from "./graph.ts";
import { definitionHash, fileMark, readRecord, type ServiceRecord } from "./record.ts";
import { readStoredHash } from "./stored-hash.ts";

export interface Standing {
  readonly service: Service;
  /** Where its files lie, or will lie. */
  readonly folder: string;
  /**
   * `current`: nothing to do; `missing`: a file of it is not there; `stale`: all there, and made of something else than
   * what is there now; `by hand`: not there, and nothing can make it.
   */
  readonly state: "current" | "missing" | "stale" | "by hand";
  /** Why it is not current, for a person. */
  readonly reasons: readonly string[];
  readonly missing: readonly ServiceFile[];
}

/** By address, in the order of the graph. */
export async function readStandings(place: Ground, graph: ServiceGraph): Promise<ReadonlyMap<string, Standing>> {
  const { ground, index } = await listedGround(place);
  const flat = isFlatTree(index.files.map(({ path }) => path));
  const marks = new Marks(ground, (service) => serviceFolder(service, flat));
  const standings = new Map<string, Standing>();
  for (const service of graph.services.values()) {
    standings.set(
      service.address,
      await standingOf(ground, index, graph, marks, service, serviceFolder(service, flat)),
    );
  }
  return standings;
}

/** Whether `generate` would make it. */
export function isDue({ state }: Standing): boolean {
  return state === "missing" || state === "stale";
}

async function standingOf(
  ground: Ground,
  index: PathIndex,
  graph: ServiceGraph,
  marks: Marks,
  service: Service,
  folder: string,
): Promise<Standing> {
  const missing = service.files.filter(
    ({ name, secret }) => index.kindOf(`${folder}/${name}/${secret ? "secret" : "value"}`) === "missing",
  );
  const byHand = service.maker.kind === "built-in" && service.maker.name === "external";
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name);
    const all = names.length === service.files.length;
    const reasons = all ? ["nothing of it is there"] : [`missing: ${names.join(", ")}`];
    return { service, folder, state: byHand ? "by hand" : "missing", reasons, missing };
  }
  const reasons = byHand ? [] : await staleReasons(ground, graph, marks, service, folder);
  return { service, folder, state: reasons.length > 0 ? "stale" : "current", reasons, missing };
}

async function staleReasons(
  ground: Ground,
  graph: ServiceGraph,
  marks: Marks,
  service: Service,
  folder: string,
): Promise<string[]> {
  const reasons: string[] = [];
  if ((await readStoredHash(ground, folder)) !== service.validation) reasons.push("its validation has changed");
  const record = await readRecord(ground, folder);
  if (record === undefined || !(await isOwn(marks, service, record))) return reasons;
  if (record.definition !== definitionHash(service)) reasons.push("its definition has changed");
  for (const dependency of graph.dependencies.get(service.address) ?? []) {
    for (const { name } of dependency.files) {
      const address = `${dependency.address}/${name}`;
      if (record.inputs[address] !== (await marks.of(dependency, name))) {
        reasons.push(`${address} is another one now`);
      }
    }
  }
  return reasons;
}

/** Somebody who has put another value in place of one that was made has voided the record. */
async function isOwn(marks: Marks, service: Service, record: ServiceRecord): Promise<boolean> {
  for (const { name } of service.files) {
    const mark = record.outputs[`${service.address}/${name}`];
    if (mark !== undefined && mark !== (await marks.of(service, name))) return false;
  }
  return true;
}

/** Marks of files as they lie there, each read once. */
export class Marks {
  readonly #ground: Ground;
  readonly #folderOf: (service: Service) => string;
  readonly #known = new Map<string, Promise<string | undefined>>();

  /** @param folderOf where the files of a service lie */
  constructor(ground: Ground, folderOf: (service: Service) => string) {
    this.#ground = ground;
    this.#folderOf = folderOf;
  }

  /** Undefined for a file that is not there. */
  of(service: Service, name: string): Promise<string | undefined> {
    const folder = `${this.#folderOf(service)}/${name}`;
    const mark = this.#known.get(folder) ?? this.#read(service, name, folder);
    this.#known.set(folder, mark);
    return mark;
  }

  async #read(service: Service, name: string, folder: string): Promise<string | undefined> {
    const kind = service.files.find((file) => file.name === name)?.secret === false ? "value" : "secret";
    const path = `${folder}/${kind}`;
    return (await this.#ground.kind(path)) === "file" ? fileMark(kind, await this.#ground.read(path)) : undefined;
  }
}
