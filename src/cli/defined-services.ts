/** What a person may name where a service is asked for. */
import { listedGround } from "../fleet/listed.ts";
import { readServiceFiles } from "../fleet/services/definition-files.ts";
import { definedName } from "../fleet/services/definition-place.ts";
import type { Context } from "./context.ts";
import { rememberedFlake } from "./remembered-flake.ts";
import type { LocalWorkplace } from "./workplace.ts";

/** Names and addresses; of definitions that are not sound the names alone. Says nothing, and starts nothing. */
export async function definedServices(context: Context, workplace: LocalWorkplace): Promise<ReadonlySet<string>> {
  const { ground, index } = await listedGround(workplace.ground);
  const { services } = await readServiceFiles(ground);
  const flake = await rememberedFlake(context, workplace);
  const files = index.files.flatMap(({ path }) => definedName(path) ?? []);
  return new Set([...files, ...[...services, ...flake.services].flatMap(({ name, address }) => [name, address])]);
}
