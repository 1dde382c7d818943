/** What a person may name where a service is asked for. */
import { readRegistry } from "../fleet/clan/registry.ts";
import { PathIndex } from "../fleet/path-index.ts";
import { readServiceFiles } from "../fleet/services/definition-files.ts";
import { definedName } from "../fleet/services/definition-place.ts";
import type { Context } from "./context.ts";
import { rememberedFlake } from "./faults-of-definition.ts";
import type { LocalWorkplace } from "./workplace.ts";

/** Names and addresses; of definitions that are not sound the names alone. Says nothing, and starts nothing. */
export async function definedServices(context: Context, workplace: LocalWorkplace): Promise<ReadonlySet<string>> {
  const { ground } = workplace;
  const index = new PathIndex(await ground.list());
  const { services } = await readServiceFiles(ground, await readRegistry(ground, index));
  const flake = await rememberedFlake(context, workplace);
  const files = index.files.flatMap(({ path }) => definedName(path) ?? []);
  return new Set([...files, ...[...services, ...flake.services].flatMap(({ name, address }) => [name, address])]);
}
