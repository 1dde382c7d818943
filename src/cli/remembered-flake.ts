/** clan's services as far as they are known without an evaluation. */
import { SecretsError } from "../errors.ts";
import { type FlakeServices, readFlakeServices } from "../fleet/services/flake/read-flake.ts";
import { openNix } from "../repo/nix/nix.ts";
import type { Context } from "./context.ts";
import type { LocalWorkplace } from "./workplace.ts";

export type RememberedFlake = FlakeServices & {
  /** What is remembered cannot be used, and this is why. */
  readonly fault?: SecretsError;
};

/** Quietly none where nothing is remembered. */
export async function rememberedFlake({ env }: Context, workplace: LocalWorkplace): Promise<RememberedFlake> {
  try {
    return await readFlakeServices(workplace.ground, openNix(workplace.repository, env), { noNix: true });
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return { services: [], without: error.message, fault: error };
  }
}
