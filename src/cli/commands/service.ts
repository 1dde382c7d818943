/** `secrets service ls|show|check`: what is defined, where from, and how it stands. */

import { checkServices, viewServiceCheck } from "../../actions/service/check-services.ts";
import { describeService, findService, summarizeServices } from "../../actions/service/describe-services.ts";
import { readStandings } from "../../actions/service/standing.ts";
import { definedName } from "../../fleet/services/definition-place.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { errorLines } from "../report/error.ts";
import { serviceDetailLines, serviceLines } from "../report/service-human.ts";
import { type BookFlags, readSources } from "../services.ts";
import { style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

export interface ServiceFlags extends BookFlags {
  readonly json?: boolean;
}

export async function listServices(this: Context, flags: ServiceFlags): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const sources = await readSources(this, workplace, flags);
  const { graph, faults } = checkServices(sources);
  const standings = await readStandings(workplace.ground, graph);
  const result = summarizeServices(standings, { faults: faults.length, withoutFlake: sources.flake.without });
  if (flags.json === true) {
    terminal.json(result);
    return;
  }
  for (const line of serviceLines(result, terminal.columns)) terminal.print(line);
  noteFaults(this, result.faults);
  if (result.services.length + result.faults === 0) {
    terminal.note(["no service is defined here; ", style("cyan", "next"), ": secrets service new NAME --kind KIND"]);
  }
}

export async function showService(this: Context, flags: ServiceFlags, text: string): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const { graph, faults } = checkServices(await readSources(this, workplace, flags));
  // One that cannot be read is not unknown: its own fault is what there is to show of it.
  const own = faults.find(({ location }) => isNamed(text, definedName(location?.file ?? "")));
  const service = findService(graph, text, own);
  const details = describeService(graph, await readStandings(workplace.ground, graph), service);
  if (flags.json === true) {
    terminal.json(details);
    return;
  }
  for (const line of serviceDetailLines(details, terminal.columns)) terminal.print(line);
  noteFaults(this, faults.length);
}

function isNamed(text: string, name: string | undefined): boolean {
  return name !== undefined && (text === name || text.endsWith(`/${name}`));
}

/** What is sound is worth a look all the same. */
function noteFaults({ terminal }: Context, count: number): void {
  if (count === 0) return;
  const what = count === 1 ? "a definition is faulty" : `definitions have ${count} faults`;
  terminal.note([
    style("yellow", "note"),
    `: ${what}, and not all services are here; `,
    style("cyan", "next"),
    ": secrets service check",
  ]);
}

export async function checkDefinitions(this: Context, flags: ServiceFlags): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const result = checkServices(await readSources(this, workplace, flags));
  if (result.faults.length > 0) this.setExitCode(EXIT.findings);
  if (flags.json === true) {
    terminal.json(viewServiceCheck(result));
    return;
  }
  for (const fault of result.faults) for (const line of errorLines(fault)) terminal.print(line);
  const count = `${result.services} ${result.services === 1 ? "service" : "services"}`;
  if (result.faults.length === 0) terminal.note([style("green", "sound"), `: ${count}`]);
  else terminal.note(`${count}, ${result.faults.length} ${result.faults.length === 1 ? "fault" : "faults"}`);
}
