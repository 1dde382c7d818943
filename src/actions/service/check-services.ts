/** Every fault of every definition, and of what they say of each other. */
import { SecretsError } from "../../errors.ts";
import { mergeBook } from "../../fleet/services/book.ts";
import type { Service } from "../../fleet/services/service.ts";
import { readGraph } from "./graph.ts";

export interface Sources {
  readonly files: { readonly services: readonly Service[]; readonly faults: readonly SecretsError[] };
  readonly flake: { readonly services: readonly Service[]; readonly without: string | undefined };
}

export interface ServiceCheck {
  /** How many are sound by themselves. */
  readonly services: number;
  readonly faults: readonly SecretsError[];
}

/** Never throws for content: what is wrong is told. */
export function checkServices({ files, flake }: Sources): ServiceCheck {
  const faults = [...files.faults];
  const services = [...files.services, ...flake.services];
  try {
    mergeBook(files.services, flake);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return { services: services.length, faults: [...faults, error] };
  }
  // What a definition that cannot be read would have made is missed by whoever reads it: told once, at its cause.
  if (faults.length === 0) faults.push(...readGraph(services).faults);
  return { services: services.length, faults };
}
