/** `secrets generate [MACHINE…]`: values that are missing or older than what they are made of, and their dependants. */
import { type GenerateTask, planGenerate, prepareGenerate } from "../../actions/service/plan-generate.ts";
import { beyondValues } from "../../actions/service/plan-values.ts";
import { type GenerateView, viewTask } from "../../actions/service/task-view.ts";
import { SecretsError } from "../../errors.ts";
import { listedGround } from "../../fleet/listed.ts";
import { collectAnswers } from "../answers.ts";
import { refuseCommitFlags } from "../commit-plan.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { taskLines } from "../report/generate-human.ts";
import { type BookFlags, openServices, openWorkshop, type ShopFlags, withoutNix } from "../services.ts";
import { progress } from "../terminal/progress.ts";
import { style } from "../terminal/styled.ts";
import { type LocalWorkplace, openWorkplace } from "../workplace.ts";

export interface GenerateFlags extends Omit<ChangeFlags, "planOut">, BookFlags, ShopFlags {
  readonly service?: readonly string[];
  readonly regenerate?: boolean;
  readonly check?: boolean;
  readonly answers?: string;
}

export async function generate(this: Context, flags: GenerateFlags, ...machines: string[]): Promise<void> {
  const { service: services = [], regenerate = false, check = false, dryRun = false } = flags;
  if (check && (regenerate || flags.yes === true || flags.answers !== undefined)) {
    throw new SecretsError(
      "E_USAGE",
      "--check changes nothing: it goes with machines, --service, --no-nix and --json",
      {
        kind: "usage",
      },
    );
  }
  const workplace = await openWorkplace(this);
  // What is due is told by one look at the files; what is done about it, after questions perhaps, by another one.
  const { ground } = await listedGround(workplace.ground);
  const book = await openServices(this, { ...workplace, ground }, flags);
  if (check && book.withoutFlake !== undefined) throw withoutNix(book.withoutFlake);
  const task = await prepareGenerate({ ...workplace, ground }, book, { machines, services, regenerate });
  if (check || dryRun) {
    const view = await preview(workplace, task);
    tell(this, view, flags);
    if (check && !view.current) this.setExitCode(1);
    return;
  }
  // Before anybody types an answer.
  await refuseCommitFlags(workplace, { summary: "", changes: [] }, flags);
  const { runs, byHand } = task.chosen;
  if (flags.json !== true && runs.length + byHand.length > 0) {
    for (const line of taskLines(viewTask(task, []))) this.terminal.note(line);
  }
  const answers = await collectAnswers(this, task.questions, flags.answers);
  const shop = await openWorkshop(this, workplace, flags);
  const plan = await progress(this.terminal, "generating", (onProgress) =>
    planGenerate(workplace, task, answers, { ...shop, onProgress }),
  );
  await conduct(this, workplace, plan, flags);
}

async function preview(workplace: LocalWorkplace, task: GenerateTask): Promise<GenerateView> {
  const running = new Set(task.chosen.runs.map(({ service }) => service.address));
  const mended = task.chosen.selected.filter(({ address }) => !running.has(address));
  return viewTask(task, await beyondValues(workplace, task, mended));
}

function tell({ terminal }: Context, view: GenerateView, { json, check }: GenerateFlags): void {
  if (json === true) {
    terminal.json(view);
    return;
  }
  for (const line of taskLines(view)) terminal.print(line);
  if (view.current) terminal.note([style("green", "current"), ": no service has to run"]);
  else if (check === true) terminal.note([style("cyan", "next"), ": secrets generate"]);
  else terminal.note("nothing was changed (--dry-run)");
}
