/** What is defined in this fleet, as far as it is known without evaluating a flake: for commands that only put values in place. */
import { readGraph, type ServiceGraph } from "../actions/service/graph.ts";
import { SecretsError } from "../errors.ts";
import { mergeBook } from "../fleet/services/book.ts";
import { readServiceFiles } from "../fleet/services/definition-files.ts";
import type { Service } from "../fleet/services/service.ts";
import type { Context } from "./context.ts";
import { type RememberedFlake, rememberedFlake } from "./remembered-flake.ts";
import { style } from "./terminal/styled.ts";
import type { LocalWorkplace } from "./workplace.ts";

/** Never throws for a faulty definition: what is sound counts, and the person is told that something is not. */
export async function knownServices(context: Context, workplace: LocalWorkplace): Promise<ServiceGraph> {
  const { services, faults } = await readServiceFiles(workplace.ground);
  const flake = await rememberedFlake(context, workplace);
  const merged = merge(services, flake);
  if (faults.length > 0 || flake.fault !== undefined || merged === undefined) {
    context.terminal.note([
      style("yellow", "note"),
      ": a definition of a service is faulty, and was not looked at: secrets service check",
    ]);
  }
  return readGraph(merged ?? services).graph;
}

/** Undefined where a service is defined in both. */
function merge(files: readonly Service[], flake: RememberedFlake): readonly Service[] | undefined {
  try {
    return mergeBook(files, flake).services;
  } catch (error) {
    if (error instanceof SecretsError) return undefined;
    throw error;
  }
}
