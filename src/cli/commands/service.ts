/** `secrets service ls|show|check`: what is defined, where from, and how it stands. */

import { checkServices, viewServiceCheck } from "../../actions/service/check-services.ts";
import {
  describeService,
  findService,
  type ServiceDetails,
  type ServiceSummary,
  summarizeServices,
} from "../../actions/service/describe-services.ts";
import { readStandings, type Standing } from "../../actions/service/standing.ts";
import { definedName } from "../../fleet/services/definition-place.ts";
import type { Context } from "../context.ts";
import { errorLines } from "../report/error.ts";
import { type BookFlags, readSources } from "../services.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { table } from "../terminal/table.ts";
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
  for (const line of table(result.services.map(rowOf), terminal.columns)) terminal.print(line);
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
  for (const line of detailLines(details)) terminal.print(line);
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
  if (result.faults.length > 0) this.setExitCode(1);
  if (flags.json === true) {
    terminal.json(viewServiceCheck(result));
    return;
  }
  for (const fault of result.faults) for (const line of errorLines(fault)) terminal.print(line);
  const count = `${result.services} ${result.services === 1 ? "service" : "services"}`;
  if (result.faults.length === 0) terminal.note([style("green", "sound"), `: ${count}`]);
  else terminal.note(`${count}, ${result.faults.length} ${result.faults.length === 1 ? "fault" : "faults"}`);
}

function rowOf({ service, maker, origin, state, reasons }: ServiceSummary): Styled[] {
  const why = state === "current" ? "" : `  ${reasons.join("; ")}`;
  return [service, stateOf(state), maker, style("dim", `${origin.path ?? "flake"}${why}`)];
}

function stateOf(state: Standing["state"]): Styled {
  const colour = { current: "green", missing: "red", stale: "yellow", "by hand": "yellow" } as const;
  return style(colour[state], state);
}

function detailLines(details: ServiceDetails): Styled[] {
  const { service, maker, origin, machines, state, reasons, files, prompts, dependencies, dependents, readers } =
    details;
  const label = (text: string) => style("bold", text.padEnd(13));
  const from = origin.source === "flake" ? "the flake, as a generator of clan's" : `${origin.path}:${origin.line}`;
  const list = (title: string, names: readonly string[]): Styled[] =>
    names.length === 0 ? [] : [[label(title), names.join(", ")]];
  return [
    style("bold", service),
    [label("made by"), maker],
    [label("defined in"), from],
    [label("standing"), stateOf(state), reasons.length > 0 ? `: ${reasons.join("; ")}` : ""],
    ...list("machines", machines),
    [
      label("readers"),
      readers === undefined
        ? "its machines, and people as of the secrets beside it"
        : readers.join(", ") || "its machines, and who makes it",
    ],
    ...list("reads", dependencies),
    ...list("is read by", dependents),
    ...files.map((file, i): Styled => [label(i === 0 ? "files" : ""), fileLine(file)]),
    ...prompts.map(
      ({ name, type, persist, description }, i): Styled => [
        label(i === 0 ? "prompts" : ""),
        name,
        style("dim", `  ${type}${persist ? ", kept" : ""}${description === name ? "" : `  ${description}`}`),
      ],
    ),
    ...(details.next === undefined ? [] : [[style("cyan", "next"), `: ${details.next}`]]),
  ];
}

function fileLine({
  address,
  present,
  secret,
  deploy,
  owner,
  group,
  mode,
  neededFor,
  restartUnits,
}: ServiceDetails["files"][number]): Styled {
  const facts = secret
    ? [
        "secret",
        ...(deploy
          ? [`${owner}:${group} ${mode}`, ...(neededFor === "services" ? [] : [`for ${neededFor}`])]
          : ["for people alone"]),
        ...(restartUnits.length > 0 ? [`restarts ${restartUnits.join(", ")}`] : []),
      ]
    : ["public"];
  return [address, style("dim", `  ${facts.join(", ")}`), present ? "" : style("red", "  missing")];
}
