/** `secrets user rm|rename` and `secrets machine rm|rename`. */
import { planRemovePrincipal } from "../../actions/principal/remove-principal.ts";
import { planRename } from "../../actions/principal/rename-principal.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { progress } from "../terminal/progress.ts";
import { openWorkplace } from "../workplace.ts";

export interface RemoveFlags extends ChangeFlags {
  readonly keepDataKey?: boolean;
  readonly dropDocuments?: boolean;
}

export function removeMachine(this: Context, flags: RemoveFlags, name: string): Promise<void> {
  return remove(this, "machine", flags, name);
}

export function removeUser(this: Context, flags: RemoveFlags, name: string): Promise<void> {
  return remove(this, "user", flags, name);
}

export function renameMachine(this: Context, flags: ChangeFlags, from: string, to: string): Promise<void> {
  return rename(this, "machine", flags, from, to);
}

export function renameUser(this: Context, flags: ChangeFlags, from: string, to: string): Promise<void> {
  return rename(this, "user", flags, from, to);
}

async function remove(context: Context, kind: "user" | "machine", flags: RemoveFlags, name: string): Promise<void> {
  const workplace = await openWorkplace(context);
  const plan = await progress(context.terminal, "sealing", (onProgress) =>
    planRemovePrincipal(workplace, kind, name, { ...flags, onProgress }),
  );
  await conduct(context, workplace, plan, flags);
}

async function rename(
  context: Context,
  kind: "user" | "machine",
  flags: ChangeFlags,
  from: string,
  to: string,
): Promise<void> {
  const workplace = await openWorkplace(context);
  await conduct(context, workplace, await planRename(workplace, kind, from, to), flags);
}
