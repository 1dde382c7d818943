/** The definitions that a change of one value has to know; loaded only where there can be some. */
import type { ServiceGraph } from "../actions/service/graph.ts";
import type { Context } from "./context.ts";
import type { LocalWorkplace } from "./workplace.ts";

/** Only values of the vars tier have services. */
export async function definitionsFor(
  context: Context,
  workplace: LocalWorkplace,
  address: string,
): Promise<{ graph?: ServiceGraph }> {
  if (!address.startsWith("vars/")) return {};
  const { knownServices } = await import("./known-services.ts");
  return { graph: await knownServices(context, workplace) };
}
