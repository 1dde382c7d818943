/** Every fault of every definition, and of what they say of each other. */
import { SecretsError } from "../../errors.ts";
import { mergeBook } from "../../fleet/services/book.ts";
import { definedName } from "../../fleet/services/definition-place.ts";
import type { Service } from "../../fleet/services/service.ts";
import { readGraph, type ServiceGraph } from "./graph.ts";

export interface Sources {
  readonly files: { readonly services: readonly Service[]; readonly faults: readonly SecretsError[] };
  readonly flake: { readonly services: readonly Service[]; readonly without: string | undefined };
}

export interface ServiceCheck {
  /** Of all that is sound. */
  readonly graph: ServiceGraph;
  /** How many services are sound by themselves. */
  readonly services: number;
  /** By file, then those that a definition has for the sake of another one. */
  readonly faults: readonly SecretsError[];
}

/** Never throws for content: what is wrong is told, each thing once and at its cause. */
export function checkServices({ files, flake }: Sources): ServiceCheck {
  const faults = [...files.faults];
  const services = [...files.services, ...flake.services];
  try {
    mergeBook(files.services, flake);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return { graph: readGraph(files.services).graph, services: services.length, faults: [...faults, error] };
  }
  const read = readGraph(services);
  const unread = new Set(files.faults.map(({ location }) => definedName(location?.file ?? "")));
  // What a definition that could not be read would have made is missed by whoever reads it.
  const isCause = ({ code, location }: SecretsError) =>
    code !== "E_SERVICE_DEPENDENCY" ||
    (flake.without === undefined && !unread.has(String(location?.keyPath?.at(-1) ?? "")));
  faults.push(...read.faults.filter(isCause));
  return { graph: read.graph, services: services.length, faults };
}

export interface ServiceCheckView {
  readonly schemaVersion: 1;
  readonly services: number;
  readonly faults: readonly FaultView[];
}

export interface FaultView {
  readonly code: string;
  readonly message: string;
  /** Relative to the root; left out for one of the flake's. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly keyPath?: readonly string[];
  readonly hint?: string;
}

/** As data for a program. */
export function viewServiceCheck({ services, faults }: ServiceCheck): ServiceCheckView {
  return {
    schemaVersion: 1,
    services,
    faults: faults.map(({ code, message, hint, location: { file, line, column, keyPath } = {} }) => ({
      code,
      message,
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
      ...(keyPath === undefined ? {} : { keyPath: keyPath.map(String) }),
      ...(hint === undefined ? {} : { hint }),
    })),
  };
}
