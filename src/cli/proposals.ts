/** What the shell completes: addresses and names of this fleet, looked up only when they are asked for. */
import type { Context } from "./context.ts";

export async function completeAddress(this: Context, partial: string): Promise<readonly string[]> {
  const { proposeAddresses } = await import("./commands/complete.ts");
  return proposeAddresses(this, partial);
}

/** Names of one kind; of all kinds when left out. */
export function completeName(kind?: "user" | "machine" | "group") {
  return async function (this: Context, partial: string): Promise<readonly string[]> {
    const { proposeNames } = await import("./commands/complete.ts");
    return proposeNames(this, partial, kind);
  };
}
