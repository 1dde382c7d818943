/** Services as data for a person or a program: what is defined, where, and how it stands. Names alone, no value. */
import { SecretsError } from "../../errors.ts";
import { didYouMean } from "../../fleet/address.ts";
import type { Service, ServiceFile, ServicePrompt } from "../../fleet/services/service.ts";
import type { ServiceGraph } from "./graph.ts";
import type { Standing } from "./standing.ts";

export interface ServiceSummary {
  /** `vars/MACHINE/SERVICE` or `vars/shared/SERVICE`. */
  readonly service: string;
  /** What makes it: `script`, `prompts`, or the name of a built-in kind. */
  readonly maker: string;
  readonly origin: OriginView;
  readonly machines: readonly string[];
  readonly state: Standing["state"];
  readonly reasons: readonly string[];
}

export interface OriginView {
  readonly source: "flake" | "file";
  readonly path?: string;
  readonly line?: number;
}

export interface ServiceList {
  readonly schemaVersion: 1;
  readonly services: readonly ServiceSummary[];
  /** What keeps others from being among them: `secrets service check` tells. */
  readonly faults: number;
  /** Why clan's own services are not among them. */
  readonly withoutFlake?: string;
}

export interface ServiceDetails extends ServiceSummary {
  readonly schemaVersion: 1;
  readonly files: readonly FileView[];
  readonly prompts: readonly ServicePrompt[];
  readonly dependencies: readonly string[];
  readonly dependents: readonly string[];
  /** Who reads its secrets beside its machines; left out where nobody said so. */
  readonly readers?: readonly string[];
  /** What to type next, if anything is to be done. */
  readonly next?: string;
}

export interface FileView {
  readonly address: string;
  readonly present: boolean;
  readonly secret: boolean;
  readonly deploy: boolean;
  readonly owner: string;
  readonly group: string;
  readonly mode: string;
  readonly neededFor: ServiceFile["neededFor"];
  readonly restartUnits: readonly string[];
}

export function summarizeServices(
  standings: ReadonlyMap<string, Standing>,
  { faults, withoutFlake }: { readonly faults: number; readonly withoutFlake: string | undefined },
): ServiceList {
  const services = [...standings.values()].map(summaryOf);
  return {
    schemaVersion: 1,
    services: services.sort((a, b) => (a.service < b.service ? -1 : 1)),
    faults,
    ...(withoutFlake === undefined ? {} : { withoutFlake }),
  };
}

export function describeService(
  graph: ServiceGraph,
  standings: ReadonlyMap<string, Standing>,
  service: Service,
): ServiceDetails {
  const standing = standings.get(service.address);
  if (standing === undefined) throw new Error(`${service.address} has no standing`);
  const addresses = (services: readonly Service[] | undefined) => (services ?? []).map(({ address }) => address).sort();
  const missing = new Set(standing.missing.map(({ name }) => name));
  const next = nextOf(standing);
  return {
    schemaVersion: 1,
    ...summaryOf(standing),
    files: service.files.map((file) => viewFile(service, file, !missing.has(file.name))),
    prompts: service.prompts,
    dependencies: addresses(graph.dependencies.get(service.address)),
    dependents: addresses(graph.dependents.get(service.address)),
    ...(service.readers === undefined ? {} : { readers: service.readers }),
    ...(next === undefined ? {} : { next }),
  };
}

/**
 * By address, or by a name that one service alone has.
 * @param fault what is wrong with a definition of that name
 * @throws SecretsError `fault` where it keeps the service from being there, `E_NO_SERVICE`, and `E_SERVICE_UNCLEAR` for a
 *   name that several machines have
 */
export function findService(graph: ServiceGraph, text: string, fault?: SecretsError): Service {
  const exact = graph.services.get(text.replace(/\/$/, "").replace(/^vars\/per-machine\//, "vars/"));
  if (exact !== undefined) return exact;
  const named = [...graph.services.values()].filter(({ name }) => name === text);
  const [only] = named;
  if (only !== undefined && named.length === 1) return only;
  if (only !== undefined) {
    throw new SecretsError("E_SERVICE_UNCLEAR", `${named.length} machines have a service ${text} of their own`, {
      kind: "usage",
      hint: `name one of them: ${named
        .slice(0, 12)
        .map(({ address }) => address)
        .join(", ")}${named.length > 12 ? ", …" : ""}`,
    });
  }
  if (fault !== undefined) throw fault;
  const known = new Set([...graph.services.values()].flatMap(({ name, address }) => [name, address]));
  throw new SecretsError("E_NO_SERVICE", `there is no service ${text}`, {
    kind: "usage",
    hint: didYouMean(text, known) ?? "secrets service ls shows every service",
  });
}

function summaryOf({ service, state, reasons }: Standing): ServiceSummary {
  const { address, maker, origin, machines } = service;
  return {
    service: address,
    maker: maker.kind === "built-in" ? maker.name : maker.kind === "prompts" ? "prompts" : "script",
    origin: origin.kind === "flake" ? { source: "flake" } : { source: "file", path: origin.path, line: origin.line },
    machines,
    state,
    reasons,
  };
}

function viewFile({ address }: Service, { name, output: _, ...file }: ServiceFile, present: boolean): FileView {
  return { address: `${address}/${name}`, present, ...file };
}

function nextOf({ service, state, missing }: Standing): string | undefined {
  if (state === "current") return undefined;
  const [first] = missing;
  if (state === "by hand" && first !== undefined) return `secrets set ${service.address}/${first.name}`;
  return `secrets generate --service ${service.address}`;
}
