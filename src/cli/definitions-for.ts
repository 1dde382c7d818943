/** The definitions that a change of one value has to know; loaded only where there can be some. */
import type { ServiceGraph } from "../actions/service/graph.ts";
import type { Context } from "./context.ts";
import type { LocalWorkplace } from "./workplace.ts";

/** Only values of the vars tier have services, and to list all files for nothing is half of the time that a `set` takes. */
export async function definitionsFor(
  context: Context,
  workplace: LocalWorkplace,
  address: string,
): Promise<{ graph?: ServiceGraph }> {
  if (!address.startsWith("vars/")) return {};
  const places = await Promise.all(["vars/services", "flake.nix"].map((path) => workplace.ground.kind(path)));
  if (places.every((kind) => kind === "missing")) return {};
  const { knownServices } = await import("./known-services.ts");
  return { graph: await knownServices(context, workplace) };
}
