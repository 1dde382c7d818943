/**
 * The way of every change of access, whatever command it came from: show the plan, have new readers approved, ask, apply
 * whole or not at all, commit what was touched, and say what to do next. What a document would say was read back when it
 * was planned; what lies on the disk is read back by the transaction.
 */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { AccessPlan, PlannedReader } from "../actions/rekey/access-plan.ts";
import { viewPlan } from "../actions/rekey/plan-view.ts";
import { SecretsError } from "../errors.ts";
import { approve, keepApprovals, openGate } from "./approval.ts";
import { type CommitFlags, commitPlan, refuseCommitFlags } from "./commit-plan.ts";
import type { Context } from "./context.ts";
import { planLines } from "./report/plan-human.ts";
import { askYesNo } from "./terminal/prompt.ts";
import { style } from "./terminal/styled.ts";
import type { LocalWorkplace } from "./workplace.ts";

export interface ChangeFlags extends CommitFlags {
  readonly json?: boolean;
  readonly planOut?: string;
  readonly yes?: boolean;
  readonly allow?: readonly string[];
}

export interface Conduct {
  /** Keys (`<type> <id>`) that the person typed or made: approved by that. */
  readonly stated?: ReadonlySet<string>;
  /** Runs after the yes and before the change; what it returns takes it back if the change fails. */
  readonly prepare?: () => Promise<() => Promise<void>>;
}

/** @throws SecretsError `E_USAGE`, `E_NOT_APPROVED`, `E_COMMIT`, and whatever applying throws: then nothing was changed. */
export async function conduct(
  context: Context,
  workplace: LocalWorkplace,
  given: AccessPlan,
  flags: ChangeFlags,
  { stated = new Set(), prepare }: Conduct = {},
): Promise<void> {
  const { terminal } = context;
  const plan = tellRisk(given);
  if (flags.commit === true && flags.planOut !== undefined) {
    throw new SecretsError("E_USAGE", "a plan in a file is committed when it is applied: secrets apply FILE --commit", {
      kind: "usage",
    });
  }
  await refuseCommitFlags(workplace, plan, flags);
  const gate = await openGate(workplace, plan, stated, flags.allow ?? []);
  const report = (applied: boolean, commit?: string) => {
    if (flags.json === true) terminal.json(viewPlan(plan, { applied, commit, unapproved: gate.unapproved }));
  };
  if (plan.changes.length === 0) {
    report(false);
    terminal.note([plan.summary, "; nothing to do"]);
    return;
  }
  show(context, plan, gate.unapproved, flags);
  if (flags.dryRun === true) {
    report(false);
    terminal.note([style("bold", plan.summary), ": nothing was changed (--dry-run)"]);
    return;
  }
  if (flags.planOut !== undefined) {
    // A plan that seals to a key which nobody has would be worse than none.
    const takeBack = await prepare?.();
    try {
      await keepPlan(context, workplace, plan, flags.planOut);
    } catch (error) {
      await takeBack?.();
      throw error;
    }
    report(false);
    return;
  }
  await approve(context, gate);
  if (flags.yes !== true && !(await askYesNo(`${plan.summary}?`, { terminal, flag: "--yes" }))) {
    terminal.note("nothing was changed");
    return;
  }
  await applyWith(workplace, plan, prepare);
  await keepApprovals(context, gate);
  const commit = await commitPlan(workplace, plan, flags);
  report(true, commit);
  terminal.note([style("green", "done"), ": ", plan.summary, commit === undefined ? "" : ` (commit ${commit})`]);
  for (const step of plan.next) terminal.note([style("cyan", "next"), ": ", step]);
}

/** What was risked is written down with what was done: in the record of the change, and in the commit. */
function tellRisk(plan: AccessPlan): AccessPlan {
  const risked = plan.documents.filter(({ dataKey }) => dataKey === "risked").length;
  if (risked === 0) return plan;
  return { ...plan, summary: `${plan.summary} (${risked === 1 ? "its data key is" : `${risked} data keys are`} kept)` };
}

function show({ terminal }: Context, plan: AccessPlan, unapproved: readonly PlannedReader[], flags: ChangeFlags): void {
  if (flags.json === true) return;
  for (const line of planLines(plan, unapproved)) {
    // Of a dry run the plan is the answer; otherwise it is what a question is about.
    if (flags.dryRun === true) terminal.print(line);
    else terminal.note(line);
  }
}

async function keepPlan(context: Context, workplace: LocalWorkplace, plan: AccessPlan, file: string): Promise<void> {
  const { writePlan } = await import("../actions/rekey/plan-file.ts");
  const path = resolve(context.directory, file);
  try {
    await writeFile(path, await writePlan(workplace, plan), { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new SecretsError("E_EXISTS", "there is a file of this name already", { kind: "usage", location: { file } });
  }
  context.terminal.note([
    style("green", "kept"),
    `: ${plan.summary}; nothing was changed. To apply it: secrets apply ${file}`,
  ]);
}

async function applyWith(workplace: LocalWorkplace, plan: AccessPlan, prepare: Conduct["prepare"]): Promise<void> {
  const takeBack = await prepare?.();
  try {
    await workplace.apply(plan);
  } catch (error) {
    // The next command may still finish it: what it seals to has to be there then.
    if (!(error instanceof SecretsError && error.kind === "recovery")) await takeBack?.();
    throw error;
  }
}
