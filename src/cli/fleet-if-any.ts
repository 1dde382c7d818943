/** For commands that work anywhere and know more inside of a fleet. */
import { SecretsError } from "../errors.ts";
import type { Context } from "./context.ts";
import { type LocalWorkplace, openWorkplace } from "./workplace.ts";

/** Undefined for somebody who stands in no fleet. */
export async function fleetIfAny(context: Context): Promise<LocalWorkplace | undefined> {
  try {
    const workplace = await openWorkplace(context);
    // Where keys lie, `~/.config/sops`, looks like the top of a fleet without git.
    const isFleet = workplace.repository.git !== undefined || (await workplace.ground.kind(".sops.yaml")) === "file";
    return isFleet ? workplace : undefined;
  } catch (error) {
    if (error instanceof SecretsError && error.code === "E_NO_FLEET") return undefined;
    throw error;
  }
}
