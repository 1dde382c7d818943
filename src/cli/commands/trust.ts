/** `secrets trust [ls|accept|forget]`: readers that were approved on this clone. */

import { shortenKey } from "../../actions/reader-names.ts";
import { keysOf } from "../../actions/trust/keys-of.ts";
import { listTrust } from "../../actions/trust/list-trust.ts";
import { describeNewcomer } from "../../actions/trust/newcomers.ts";
import { openTrust } from "../../actions/trust/trust.ts";
import { newcomerLines } from "../approval.ts";
import type { Context } from "../context.ts";
import { askYesNo } from "../terminal/prompt.ts";
import { style } from "../terminal/styled.ts";
import { table } from "../terminal/table.ts";
import { trustPlace } from "../trust-place.ts";
import { openWorkplace } from "../workplace.ts";

export async function trustList(this: Context, flags: { readonly json?: boolean }): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const fleet = await workplace.fleet();
  const { approved, waiting } = await listTrust(workplace.repository, fleet, openHere(workplace, fleet));
  if (flags.json === true) {
    terminal.json({ schemaVersion: 1, approved, waiting });
    return;
  }
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
  const workplace = await openWorkplace(this);
  const fleet = await workplace.fleet();
  const trust = openHere(workplace, fleet);
  const keys = keysOf(fleet, who).filter((key) => !trust.isApproved(key));
  for (const key of keys) {
    for (const line of newcomerLines(await describeNewcomer(workplace.repository, fleet, key))) terminal.note(line);
  }
  if (keys.length === 0) {
    terminal.note("approved already; nothing to do");
    return;
  }
  if (flags.yes !== true && !(await askYesNo("Approve?", { terminal, flag: "--yes" }))) {
    terminal.note("nothing was approved");
    return;
  }
  trust.accept(keys, "accepted", this.now());
  terminal.note([
    style("green", "done"),
    `: approved ${keys.length} ${keys.length === 1 ? "key" : "keys"} on this clone`,
  ]);
}

export async function trustForget(this: Context, _flags: object, ...who: string[]): Promise<void> {
  const workplace = await openWorkplace(this);
  const fleet = await workplace.fleet();
  const count = openHere(workplace, fleet).forget(keysOf(fleet, who));
  this.terminal.note([
    style("green", "done"),
    `: forgot ${count} ${count === 1 ? "key" : "keys"}; the next change that seals to them asks again`,
  ]);
}

function openHere(
  { repository, now }: Awaited<ReturnType<typeof openWorkplace>>,
  fleet: Parameters<typeof openTrust>[1],
): ReturnType<typeof openTrust> {
  return openTrust(trustPlace(repository), fleet, now());
}
