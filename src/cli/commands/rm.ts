/** `secrets rm ADDRESS`: shows what goes, asks, and removes it. */
import { planRemove } from "../../actions/rm.ts";
import { addressHere } from "../address-here.ts";
import type { Context } from "../context.ts";
import { askYesNo } from "../terminal/prompt.ts";
import { style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

export async function rm(this: Context, flags: { readonly yes?: boolean }, typed: string): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const plan = await planRemove(workplace, await addressHere(this, workplace.ground.root, typed));
  for (const { change, reason } of plan.changes) {
    const verb = change.kind === "remove" ? style("red", "remove") : style("yellow", "change");
    terminal.note(["  ", verb, " ", change.path, style("dim", `  ${reason}`)]);
  }
  if (flags.yes !== true && !(await askYesNo(`${plan.summary}?`, { terminal, flag: "--yes" }))) {
    terminal.note("nothing was removed");
    return;
  }
  await workplace.apply(plan);
  terminal.note([style("green", "done"), ": ", plan.summary, "; git history still has it, sealed as it was"]);
}
