/** What is defined in this fleet, as far as it is known without evaluating a flake: for commands that only put values in place. */
import { readGraph, type ServiceGraph } from "../actions/service/graph.ts";
import { SecretsError } from "../errors.ts";
import { readRegistry } from "../fleet/clan/registry.ts";
import { PathIndex } from "../fleet/path-index.ts";
import { mergeBook } from "../fleet/services/book.ts";
import { readServiceFiles } from "../fleet/services/definition-files.ts";
import { readFlakeServices } from "../fleet/services/flake/read-flake.ts";
import { openNix } from "../repo/nix/nix.ts";
import type { Context } from "./context.ts";
import { style } from "./terminal/styled.ts";
import type { LocalWorkplace } from "./workplace.ts";

/** Never throws for a faulty definition: what is sound counts, and the person is told that something is not. */
export async function knownServices({ env, terminal }: Context, workplace: LocalWorkplace): Promise<ServiceGraph> {
  const { ground } = workplace;
  const registry = await readRegistry(ground, new PathIndex(await ground.list()));
  const { services, faults } = await readServiceFiles(ground, registry);
  const told: SecretsError[] = [...faults];
  const attempt = async <T>(read: () => Promise<T> | T, otherwise: T): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof SecretsError)) throw error;
      told.push(error);
      return otherwise;
    }
  };
  const nothing = { services: [], without: undefined };
  const flake = await attempt(
    () => readFlakeServices(ground, openNix(workplace.repository, env), { noNix: true }),
    nothing,
  );
  const book = await attempt(() => mergeBook(services, flake), mergeBook(services, nothing));
  const { graph } = readGraph(book.services);
  if (told.length > 0) {
    terminal.note([
      style("yellow", "note"),
      ": a definition of a service is faulty, and was not looked at: secrets service check",
    ]);
  }
  return graph;
}
