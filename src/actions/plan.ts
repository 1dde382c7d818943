/** What a command would do to the repository, as data: it can be shown, refused, and applied as one transaction. */
import type { Ground } from "../fleet/ground.ts";
import { overlayGround } from "../fleet/overlay.ts";
import type { FileChange } from "../repo/change.ts";

export interface Plan {
  /** One line for the person: what this does, without values. */
  readonly summary: string;
  readonly changes: readonly PlannedChange[];
}

export interface PlannedChange {
  readonly change: FileChange;
  /** Why this file is touched, for example "value of token" or "reader ada". */
  readonly reason: string;
}

/**
 * The ground as it will be once these are applied.
 * @param before what was read of `ground`, as for {@link overlayGround}
 */
export function groundAfter(
  ground: Ground,
  changes: readonly Pick<PlannedChange, "change">[],
  before?: Parameters<typeof overlayGround>[2],
): Ground {
  const laid = changes.map(({ change }) => change);
  return overlayGround(ground, laid, before);
}
