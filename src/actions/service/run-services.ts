/** Runs services, each as soon as what it reads is there; nothing of what they make is written here. */
import { SecretsError } from "../../errors.ts";
import type { Service } from "../../fleet/services/service.ts";
import type { ScriptJob } from "../../repo/sandbox/run-script.ts";
import { shellWord } from "../check/shell-word.ts";
import type { Run } from "./choose-runs.ts";
import type { ServiceGraph } from "./graph.ts";
import type { MadeFiles, Make } from "./maker-input.ts";

export interface Workshop {
  readonly makeBuiltIn: Make;
  /** The declared outputs, and no other. */
  readonly runScript: (job: ScriptJob) => Promise<MadeFiles>;
  /** Clan's scripts, built: by the service's address. Asked for once, before anything runs. */
  readonly buildScripts: (services: readonly Service[]) => Promise<ReadonlyMap<string, string>>;
  /** How many run at the same time. */
  readonly abreast: number;
  readonly now: Date;
  readonly onProgress?: (done: number, all: number) => void;
}

/** What a run reads from the fleet. */
export interface Supplies {
  /** The value of a file of a service that does not run. */
  readonly valueOf: (service: Service, file: string) => Promise<Uint8Array>;
  /** Answers to the prompts of a service, earlier ones included. */
  readonly promptsOf: (service: Service) => Promise<ReadonlyMap<string, Uint8Array>>;
}

/** @returns by the service's address. @throws SecretsError the first fault; then nothing was made */
export async function runServices(
  runs: readonly Run[],
  graph: ServiceGraph,
  shop: Workshop,
  supplies: Supplies,
): Promise<ReadonlyMap<string, MadeFiles>> {
  const services = runs.map(({ service }) => service);
  const built = services.filter(({ maker }) => maker.kind === "built-script");
  const scripts = built.length === 0 ? new Map<string, string>() : await shop.buildScripts(built);
  const made = new Map<string, MadeFiles>();
  const waiting = [...services];
  const running = new Map<string, Promise<void>>();
  let fault: unknown;
  const isReady = ({ address }: Service) =>
    (graph.dependencies.get(address) ?? []).every((one) => made.has(one.address) || !waits.has(one.address));
  const waits = new Set(services.map(({ address }) => address));
  while (waiting.length + running.size > 0 && fault === undefined) {
    while (running.size < shop.abreast) {
      const next = waiting.findIndex(isReady);
      const [service] = next === -1 ? [] : waiting.splice(next, 1);
      if (service === undefined) break;
      const work = makeOne(service, graph, shop, supplies, made, scripts.get(service.address)).then(
        (files) => {
          made.set(service.address, files);
          shop.onProgress?.(made.size, services.length);
        },
        (error) => {
          fault ??= error;
        },
      );
      running.set(
        service.address,
        work.finally(() => running.delete(service.address)),
      );
    }
    await Promise.race(running.values());
  }
  // What runs still holds plain text in scratch space: it ends, and clears up, before anybody is told.
  await Promise.all(running.values());
  if (fault !== undefined) throw fault;
  // In the order of the runs, not in that in which they happened to end.
  return new Map(services.flatMap(({ address }) => [[address, made.get(address) ?? new Map()] as const]));
}

async function makeOne(
  service: Service,
  graph: ServiceGraph,
  shop: Workshop,
  supplies: Supplies,
  made: ReadonlyMap<string, MadeFiles>,
  script: string | undefined,
): Promise<MadeFiles> {
  const dependencies = graph.dependencies.get(service.address) ?? [];
  const inputs = new Map<string, Uint8Array>();
  for (const dependency of dependencies) {
    for (const { name } of dependency.files) {
      const fresh = made.get(dependency.address)?.get(name);
      inputs.set(`${dependency.name}/${name}`, fresh ?? (await supplies.valueOf(dependency, name)));
    }
  }
  const prompts = await supplies.promptsOf(service);
  const files = await makeFiles(service, dependencies, shop, inputs, prompts, script);
  return withKept(service, prompts, files);
}

async function makeFiles(
  service: Service,
  dependencies: readonly Service[],
  shop: Workshop,
  inputs: ReadonlyMap<string, Uint8Array>,
  prompts: ReadonlyMap<string, Uint8Array>,
  built: string | undefined,
): Promise<MadeFiles> {
  const { maker } = service;
  if (maker.kind === "prompts") return new Map();
  if (maker.kind === "built-in") return shop.makeBuiltIn({ service, dependencies, prompts, inputs, now: shop.now });
  if (maker.kind === "built-script" && built === undefined) throw new Error(`${service.address} was not built`);
  const job: ScriptJob = {
    name: service.address,
    script: built === undefined ? { text: textOf(service) } : { path: built },
    programs: maker.kind === "script" ? maker.programs : [],
    inputs,
    prompts,
    outputs: service.files.map(({ name }) => name),
  };
  return shop.runScript(job);
}

/** As clan builds it: answers that are kept lie in $out before the script begins, which may put something else there. */
function textOf({ maker, prompts }: Service): string {
  const copies = prompts
    .filter(({ persist }) => persist)
    .map(({ name }) => `cat "$prompts"/${shellWord(name)} > "$out"/${shellWord(name)}\n`);
  return copies.join("") + (maker.kind === "script" ? maker.script : "");
}

/** Answers that are kept are files of their own, unless the maker has put something else there. */
function withKept(
  { address, files, prompts: asked }: Service,
  prompts: ReadonlyMap<string, Uint8Array>,
  made: MadeFiles,
) {
  const kept = new Set(asked.filter(({ persist }) => persist).map(({ name }) => name));
  const all = new Map<string, Uint8Array>();
  for (const { name } of files) {
    const bytes = made.get(name) ?? (kept.has(name) ? prompts.get(name) : undefined);
    if (bytes === undefined) {
      throw new SecretsError("E_SCRIPT_OUTPUT", `${address} declares ${name}, and nothing makes it`, {
        hint: `secrets service show ${address} tells what makes it`,
      });
    }
    all.set(name, bytes);
  }
  return all;
}
