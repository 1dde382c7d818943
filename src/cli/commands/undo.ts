/** `secrets undo`: shows what the last change was and who can read again without it, asks, and takes it back. */
import { shortenKey } from "../../actions/reader-names.ts";
import { planUndo, type UndoPlan, viewUndo } from "../../actions/undo.ts";
import type { NamedReader, UndoneDocument } from "../../actions/undo-readers.ts";
import { type CommitFlags, commitPlan, refuseCommitFlags } from "../commit-plan.ts";
import type { Context } from "../context.ts";
import { askYesNo } from "../terminal/prompt.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

export interface UndoFlags extends CommitFlags {
  readonly json?: boolean;
  readonly yes?: boolean;
}

export async function undo(this: Context, flags: UndoFlags): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const plan = await planUndo(workplace, workplace.repository);
  await refuseCommitFlags(workplace, plan, flags);
  const report = (applied: boolean) => {
    if (flags.json === true) terminal.json(viewUndo(plan, applied));
  };
  if (plan.changes.length === 0) {
    report(false);
    terminal.note([plan.summary, "; there is nothing to undo"]);
    return;
  }
  if (flags.json !== true) for (const line of undoLines(plan)) terminal[flags.dryRun === true ? "print" : "note"](line);
  if (flags.dryRun === true) {
    report(false);
    terminal.note([style("bold", plan.summary), ": nothing was changed (--dry-run)"]);
    return;
  }
  if (flags.yes !== true && !(await askYesNo(`${plan.summary}?`, { terminal, flag: "--yes" }))) {
    terminal.note("nothing was changed");
    return;
  }
  await workplace.apply(plan);
  const commit = await commitPlan(workplace, plan, flags);
  report(true);
  const made = commit === undefined ? "" : ` (commit ${commit})`;
  terminal.note([style("green", "done"), ": ", plan.summary, made, "; to have it back: secrets undo"]);
  if (commit !== undefined) return;
  terminal.note([style("cyan", "next"), `: ${nextFor(plan)}`]);
}

function nextFor({ committed, summary }: UndoPlan): string {
  if (!committed) return "nothing was committed; git diff shows it";
  // What an undo left is what a commit has also where the change itself was never committed.
  if (summary.startsWith("redo: ")) return "the last commit is without it: commit it";
  return "the change itself is committed, and this is not: commit it, too";
}

/** A person reads some; a program takes --json. */
const LISTED = 200;

function undoLines({ last, changes, documents }: UndoPlan): Styled[] {
  const files = changes.map(({ change, reason }): Styled => {
    const verb = change.kind === "remove" ? style("red", "remove ") : style("yellow", "restore");
    return ["  ", verb, " ", change.path, style("dim", `  ${reason}`)];
  });
  return [
    [style("bold", last?.command ?? ""), style("dim", `  applied ${(last?.time ?? "").replace(/\.\d+/, "")}`)],
    ...limited(files),
    ...(documents.length === 0 ? [] : [style("bold", "the old ciphertext is back, and with it who can read:")]),
    ...limited(documents.map(documentLine)),
  ];
}

function documentLine({ path, dataKey, gains, loses }: UndoneDocument): Styled {
  return [
    "  ",
    path,
    ...namesOf(gains, loses).map((name): Styled => [" ", style("yellow", `+${name}`)]),
    ...namesOf(loses, gains).map((name): Styled => [" ", style("red", `-${name}`)]),
    dataKey === "earlier" ? style("yellow", "  the data key from before") : "",
  ];
}

/** Somebody who changes keys both comes and goes. */
function namesOf(some: readonly NamedReader[], others: readonly NamedReader[]): string[] {
  const both = new Set(others.map(({ name }) => name));
  const names = some.map(({ recipient, name }) => {
    if (name === undefined) return `unknown key ${shortenKey(recipient)}`;
    return both.has(name) ? `${name} (${shortenKey(recipient)})` : name;
  });
  return [...new Set(names)].sort();
}

function limited(lines: readonly Styled[]): Styled[] {
  const more = lines.length - LISTED;
  return more > 0 ? [...lines.slice(0, LISTED), style("dim", `  and ${more} more: --json lists all`)] : [...lines];
}
