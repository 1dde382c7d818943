/** `secrets rotate data-keys [PATH…] [--older-than AGE]`. */
import { parseAge } from "../../actions/data-key-age.ts";
import { planRotateDataKeys } from "../../actions/rotate-data-keys.ts";
import { pathHere } from "../address-here.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { progress } from "../terminal/progress.ts";
import { openWorkplace } from "../workplace.ts";

export interface DataKeyFlags extends ChangeFlags {
  readonly olderThan?: string;
}

export async function rotateDataKeys(this: Context, flags: DataKeyFlags, ...typed: string[]): Promise<void> {
  const olderThan = flags.olderThan === undefined ? undefined : parseAge(flags.olderThan);
  const workplace = await openWorkplace(this);
  const { root } = workplace.ground;
  const paths = await Promise.all(typed.map(async (path) => (await pathHere(this, root, path)) ?? path));
  const plan = await progress(this.terminal, "sealing", (onProgress) =>
    planRotateDataKeys(workplace, workplace.repository, paths, olderThan, { onProgress }),
  );
  await conduct(this, workplace, plan, flags);
}
