/** `secrets renew`: new values for what somebody could read, each in the way that it is made. */
import { valuesAt, valuesReadableBy } from "../../actions/renew/choose-values.ts";
import { planDone } from "../../actions/renew/plan-done.ts";
import { planRenew, prepareRenew } from "../../actions/renew/plan-renew.ts";
import { type RenewView, viewRenew } from "../../actions/renew/renew-view.ts";
import { SecretsError } from "../../errors.ts";
import { addressHere } from "../address-here.ts";
import { collectAnswers } from "../answers.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { renewLines } from "../report/renew-human.ts";
import { type BookFlags, openServices, openWorkshop, type ShopFlags } from "../services.ts";
import { progress } from "../terminal/progress.ts";
import { style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

export interface RenewFlags extends Omit<ChangeFlags, "planOut">, BookFlags, ShopFlags {
  readonly readableBy?: string;
  readonly done?: boolean;
  readonly answers?: string;
}

export async function renew(this: Context, flags: RenewFlags, ...typed: string[]): Promise<void> {
  refuseFlags(flags, typed);
  const workplace = await openWorkplace(this);
  const { root } = workplace.ground;
  const addresses = await Promise.all(typed.map((address) => addressHere(this, root, address)));
  if (flags.done === true) {
    await conduct(this, workplace, await planDone(workplace, workplace.repository, addresses), flags);
    return;
  }
  const chosen =
    flags.readableBy === undefined
      ? await valuesAt(workplace, addresses)
      : await valuesReadableBy(workplace, workplace.repository, flags.readableBy);
  const book = await openServices(this, workplace, flags);
  const task = await prepareRenew(workplace, book, chosen);
  const view = viewRenew(task);
  if (flags.dryRun === true) {
    tell(this, view, flags);
    return;
  }
  if (flags.json !== true) for (const line of renewLines(view)) this.terminal.note(line);
  const answers = await collectAnswers(this, task.generate?.questions ?? [], flags.answers);
  const plan = await progress(this.terminal, "generating", (onProgress) =>
    planRenew(workplace, task, answers, async () => ({
      ...(await openWorkshop(this, workplace, flags)),
      onProgress,
    })),
  );
  await conduct(this, workplace, plan, flags);
}

/** @throws SecretsError `E_USAGE` */
function refuseFlags({ readableBy, done = false, answers }: RenewFlags, typed: readonly string[]): void {
  const usage = (reason: string, hint: string) => new SecretsError("E_USAGE", reason, { kind: "usage", hint });
  if (done && (readableBy !== undefined || answers !== undefined)) {
    throw usage("--done makes no new value", "secrets renew --done [ADDRESS…]");
  }
  if (readableBy !== undefined && typed.length > 0) {
    throw usage("addresses and --readable-by both say what is to be renewed", "give one of them");
  }
  if (!done && readableBy === undefined && typed.length === 0) {
    throw usage("it is not said what is to be renewed", "secrets renew ADDRESS…\nsecrets renew --readable-by WHO");
  }
}

function tell({ terminal }: Context, view: RenewView, { json }: RenewFlags): void {
  if (json === true) {
    terminal.json(view);
    return;
  }
  for (const line of renewLines(view)) terminal.print(line);
  for (const warning of view.warnings) terminal.print([style("yellow", "warning"), `: ${warning}`]);
  terminal.note("nothing was changed (--dry-run)");
}
