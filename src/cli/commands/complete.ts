/** `secrets __complete`: what the completion scripts ask. Reads names only, never a value, and never fails loudly. */
import { proposeCompletions } from "@stricli/core";
import { listSecrets } from "../../actions/list.ts";
import { application } from "../application.ts";
import type { Context } from "../context.ts";
import { openWorkplace } from "../workplace.ts";

/** One proposal a line. */
export async function complete(this: Context, _flags: object, ...words: string[]): Promise<void> {
  const proposals = await proposeCompletions(application(false), words, this).catch(() => []);
  for (const { completion } of proposals) this.terminal.print(completion);
}

/** Addresses that begin with what was typed, up to the next slash or `#`, so that a Tab goes one level down. */
export async function proposeAddresses(context: Context, partial: string): Promise<string[]> {
  const { secrets } = listSecrets(await (await openWorkplace(context)).fleet());
  const proposals = new Set<string>();
  for (const { address } of secrets) {
    if (!address.startsWith(partial)) continue;
    const rest = address.slice(partial.length);
    const end = rest.search(/[/#]/);
    proposals.add(end < 0 ? address : address.slice(0, partial.length + end + 1));
  }
  return [...proposals].sort();
}

/** Names of the people, machines and groups that begin with what was typed. */
export async function proposeNames(
  context: Context,
  partial: string,
  kind: "user" | "machine" | "group" | undefined,
): Promise<string[]> {
  const { principals } = await (await openWorkplace(context)).fleet();
  const names = principals.all.filter((one) => kind === undefined || one.kind === kind).map(({ name }) => name);
  return [...new Set(names)].filter((name) => name.startsWith(partial)).sort();
}

/** Names and addresses of services, faulty ones as well: those are what has to be edited. Nix is not started: a Tab must not wait for it. */
export async function proposeServices(context: Context, partial: string): Promise<string[]> {
  const { definedServices } = await import("../defined-services.ts");
  const names = await definedServices(context, await openWorkplace(context));
  return [...names].filter((name) => name.startsWith(partial)).sort();
}
