/** `secrets trust [ls|accept|forget]`: readers that were approved on this clone. */
import { shortenKey } from "../../actions/reader-names.ts";
import { keysOf } from "../../actions/trust/keys-of.ts";
import { listTrust } from "../../actions/trust/list-trust.ts";
import { describeNewcomers } from "../../actions/trust/newcomers.ts";
import { type ApprovedKey, openTrust, type Trust } from "../../actions/trust/trust.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { provenanceIn } from "../approval.ts";
import type { Context } from "../context.ts";
import { newcomerLines } from "../report/newcomer.ts";
import { askYesNo } from "../terminal/prompt.ts";
import { style } from "../terminal/styled.ts";
import { table } from "../terminal/table.ts";
import { trustPlace } from "../trust-place.ts";
import { type LocalWorkplace, openWorkplace } from "../workplace.ts";

export async function trustList(this: Context, flags: { readonly json?: boolean }): Promise<void> {
  const { terminal } = this;
  const { workplace, fleet, trust } = await open(this);
  const list = await listTrust(fleet, trust, provenanceIn(workplace.repository));
  if (flags.json === true) {
    terminal.json(list);
    return;
  }
  const { approved, waiting } = list;
  const rows = approved.map(({ name, id, since, how }) => [
    name ?? "?",
    shortenKey(id),
    style("dim", `${how} ${since.slice(0, 10)}`),
  ]);
  for (const line of table(rows, terminal.columns)) terminal.print(line);
  for (const newcomer of waiting) for (const line of newcomerLines(newcomer)) terminal.print(line);
  if (waiting.length > 0)
    terminal.note([style("cyan", "next"), ": secrets trust accept WHO, or take the key out of the policy"]);
}

export async function trustAccept(this: Context, flags: { readonly yes?: boolean }, ...who: string[]): Promise<void> {
  const { terminal } = this;
  const { workplace, fleet, trust } = await open(this);
  const keys = keysOf(fleet, who).filter((key) => !trust.isApproved(key));
  const newcomers = await describeNewcomers(fleet, keys, provenanceIn(workplace.repository));
  for (const newcomer of newcomers) for (const line of newcomerLines(newcomer)) terminal.note(line);
  const count = countOf(newcomers);
  if (newcomers.length === 0) {
    terminal.note("approved already; nothing to do");
    return;
  }
  if (flags.yes !== true && !(await askYesNo(`Approve ${count}?`, { terminal, flag: "--yes" }))) {
    terminal.note("nothing was approved");
    return;
  }
  await trust.accept(keys, "accepted", this.now());
  terminal.note([style("green", "done"), `: approved ${count} on this clone`]);
}

export async function trustForget(this: Context, _flags: object, ...who: string[]): Promise<void> {
  const { terminal } = this;
  const { fleet, trust } = await open(this);
  const forgotten = await trust.forget(who.flatMap((text) => keptAs(trust, text) ?? keysOf(fleet, [text])));
  if (forgotten.length === 0) {
    terminal.note("none of them was approved; nothing to do");
    return;
  }
  terminal.note([
    style("green", "done"),
    `: forgot ${countOf(forgotten)}; the next change that seals to ${forgotten.length === 1 ? "it" : "them"} asks again`,
  ]);
}

/** What was approved under a name, which may mean another key in the fleet by now, or nobody. */
function keptAs({ approvals }: Trust, text: string): readonly ApprovedKey[] | undefined {
  const found = approvals.filter(({ id, name }) => id === text || name === text);
  return found.length === 0 ? undefined : found;
}

function countOf({ length }: readonly unknown[]): string {
  return `${length} ${length === 1 ? "key" : "keys"}`;
}

async function open(context: Context): Promise<{ workplace: LocalWorkplace; fleet: Fleet; trust: Trust }> {
  const workplace = await openWorkplace(context);
  const fleet = await workplace.fleet();
  return { workplace, fleet, trust: await openTrust(trustPlace(workplace.repository), fleet, context.now()) };
}
