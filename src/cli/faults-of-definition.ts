/** What would be wrong with a definition if it were written as it is now. Nix is not started for that. */
import { checkServices } from "../actions/service/check-services.ts";
import type { SecretsError } from "../errors.ts";
import type { Ground } from "../fleet/ground.ts";
import { overlayGround } from "../fleet/overlay.ts";
import { readServiceFiles } from "../fleet/services/definition-files.ts";
import type { FileChange } from "../repo/change.ts";
import type { Context } from "./context.ts";
import { rememberedFlake } from "./remembered-flake.ts";
import type { LocalWorkplace } from "./workplace.ts";

export interface DefinitionFaults {
  /** Of that file, and cycles that it closes. */
  readonly own: readonly SecretsError[];
  /** What others would have for the sake of this change. Whoever changes two definitions begins with one of them. */
  readonly elsewhere: readonly SecretsError[];
}

export async function faultsOfDefinition(
  context: Context,
  workplace: LocalWorkplace,
  change: FileChange,
): Promise<DefinitionFaults> {
  const flake = await rememberedFlake(context, workplace);
  const faultsOn = async (ground: Ground): Promise<readonly SecretsError[]> => {
    return checkServices({ files: await readServiceFiles(ground), flake }).faults;
  };
  const before = new Set((await faultsOn(workplace.ground)).map(({ message }) => message));
  const faults = await faultsOn(overlayGround(workplace.ground, [change]));
  const caused = faults.filter(({ message }) => !before.has(message));
  const isOwn = ({ location }: SecretsError) => location?.file === change.path;
  const closed = caused.filter((fault) => fault.code === "E_SERVICE_CYCLE" && !isOwn(fault));
  return {
    own: [...faults.filter(isOwn), ...closed],
    elsewhere: caused.filter((fault) => fault.code !== "E_SERVICE_CYCLE" && !isOwn(fault)),
  };
}
