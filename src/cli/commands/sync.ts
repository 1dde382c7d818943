/** `secrets sync [PATH…]`: every document's readers in line with the policy. */
import { planSync } from "../../actions/sync.ts";
import { pathHere } from "../address-here.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { progress } from "../terminal/progress.ts";
import { openWorkplace } from "../workplace.ts";

export interface SyncFlags extends ChangeFlags {
  readonly keepDataKey?: boolean;
  readonly force?: boolean;
}

export async function sync(this: Context, flags: SyncFlags, ...typed: string[]): Promise<void> {
  const workplace = await openWorkplace(this);
  const { root } = workplace.ground;
  const paths = await Promise.all(typed.map(async (path) => (await pathHere(this, root, path)) ?? path));
  const plan = await progress(this.terminal, "sealing", (onProgress) =>
    planSync(workplace, paths, { ...flags, onProgress }),
  );
  await conduct(this, workplace, plan, flags);
}
