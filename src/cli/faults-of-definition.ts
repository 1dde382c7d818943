/** What would follow from a definition if it were written as it is now: faults, and what Nix reads. Nix is not started for that. */
import type { PlannedChange } from "../actions/plan.ts";
import { checkServices } from "../actions/service/check-services.ts";
import type { SecretsError } from "../errors.ts";
import type { Ground } from "../fleet/ground.ts";
import { overlayGround } from "../fleet/overlay.ts";
import { readServiceFiles } from "../fleet/services/definition-files.ts";
import { NIX_INDEX_REASON, planNixIndex } from "../fleet/services/nix-index.ts";
import type { Service } from "../fleet/services/service.ts";
import type { FileChange } from "../repo/change.ts";
import type { Context } from "./context.ts";
import { rememberedFlake } from "./remembered-flake.ts";
import type { LocalWorkplace } from "./workplace.ts";

export interface DefinitionFaults {
  /** Of that file, and cycles that it closes. */
  readonly own: readonly SecretsError[];
  /** What others would have for the sake of this change. Whoever changes two definitions begins with one of them. */
  readonly elsewhere: readonly SecretsError[];
  /** What goes with the change, so that the Nix modules take it; none while a definition of the fleet is faulty by itself. */
  readonly index: readonly PlannedChange[];
}

export async function faultsOfDefinition(
  context: Context,
  workplace: LocalWorkplace,
  change: FileChange,
): Promise<DefinitionFaults> {
  const flake = await rememberedFlake(context, workplace);
  const after = overlayGround(workplace.ground, [change]);
  const [filesBefore, files] = [await readServiceFiles(workplace.ground), await readServiceFiles(after)];
  const before = new Set(checkServices({ files: filesBefore, flake }).faults.map(({ message }) => message));
  const { faults } = checkServices({ files, flake });
  const caused = faults.filter(({ message }) => !before.has(message));
  const isOwn = ({ location }: SecretsError) => location?.file === change.path;
  const closed = caused.filter((fault) => fault.code === "E_SERVICE_CYCLE" && !isOwn(fault));
  return {
    own: [...faults.filter(isOwn), ...closed],
    elsewhere: caused.filter((fault) => fault.code !== "E_SERVICE_CYCLE" && !isOwn(fault)),
    index: files.faults.length > 0 ? [] : await indexChanges(after, files.services),
  };
}

async function indexChanges(after: Ground, services: readonly Service[]): Promise<PlannedChange[]> {
  const change = await planNixIndex(after, services);
  return change === undefined ? [] : [{ change, reason: NIX_INDEX_REASON }];
}
