/** Services as a person reads them. */
import type { ServiceDetails, ServiceList, ServiceSummary } from "../../actions/service/describe-services.ts";
import type { Standing } from "../../actions/service/standing.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { table } from "../terminal/table.ts";

const LABEL = 13;

/** A line for each service, and below those that are stale or half there why that is so. */
export function serviceLines({ services }: ServiceList, columns: number | undefined): Styled[] {
  const rows = services.map(({ service, state, maker, origin }): Styled[] => [
    service,
    stateOf(state),
    maker,
    // A screen has no room to repeat the folder in which all of them lie.
    style("dim", columns === undefined ? placeOf(origin) : placeOf(origin).replace(/^.*\//, "")),
  ]);
  return table(rows, columns).flatMap((line, i) => [line, ...reasonLines(services[i])]);
}

/** All there is to know of one service. */
export function serviceDetailLines(details: ServiceDetails, columns: number | undefined): Styled[] {
  const { state, reasons, files, prompts, readers, next } = details;
  const width = columns === undefined ? undefined : columns - LABEL;
  const labelled = (title: string, lines: readonly Styled[]): Styled[] =>
    lines.map((line, i) => [style("bold", (i === 0 ? title : "").padEnd(LABEL)), line]);
  const listed = (title: string, names: readonly string[]) => labelled(title, wrap(names, width));
  const why = reasons.length > 0 ? `: ${reasons.join("; ")}` : "";
  return [
    style("bold", details.service),
    ...labelled("made by", [details.maker]),
    ...labelled("defined in", [details.origin.source === "flake" ? FLAKE : placeOf(details.origin)]),
    ...labelled("standing", [[stateOf(state), why]]),
    ...listed("machines", details.machines),
    ...(readers === undefined ? labelled("people", ["as of the secrets beside it"]) : listed("people", readers)),
    ...listed("reads", details.dependencies),
    ...listed("is read by", details.dependents),
    ...labelled("files", table(files.map(fileRow(details.service)), width)),
    ...labelled("prompts", table(prompts.map(promptRow), width)),
    ...(next === undefined ? [] : [[style("cyan", "next"), `: ${next}`]]),
  ];
}

const FLAKE = "the flake, as a generator of clan's";

function placeOf({ path, line }: ServiceSummary["origin"]): string {
  return path === undefined ? "flake" : `${path}:${line}`;
}

function stateOf(state: Standing["state"]): Styled {
  const colour = { current: "green", missing: "red", stale: "yellow", "by hand": "yellow" } as const;
  return style(colour[state], state);
}

/** That nothing of it is there is what `missing` says already. */
function reasonLines(service: ServiceSummary | undefined): Styled[] {
  if (service === undefined || service.state === "current") return [];
  const reasons = service.reasons.filter((reason) => reason !== "nothing of it is there");
  return reasons.map((reason) => [style("dim", `  ${reason}`)]);
}

const fileRow =
  (service: string) =>
  (file: ServiceDetails["files"][number]): Styled[] => [
    file.address.slice(service.length + 1),
    file.present ? style("green", "there") : style("red", "missing"),
    style("dim", factsOf(file).join(", ")),
  ];

function factsOf({ secret, deploy, owner, group, mode, neededFor, restartUnits }: ServiceDetails["files"][number]) {
  if (!secret) return ["public"];
  if (!deploy) return ["secret", "for people alone"];
  return [
    "secret",
    `${owner}:${group} ${mode}`,
    ...(neededFor === "services" ? [] : [`for ${neededFor}`]),
    ...(restartUnits.length > 0 ? [`restarts ${restartUnits.join(", ")}`] : []),
  ];
}

function promptRow({ name, type, persist, description }: ServiceDetails["prompts"][number]): Styled[] {
  return [name, `${type}${persist ? ", kept" : ""}`, style("dim", description === name ? "" : description)];
}

/** Names in lines of that width; a pipe has one. */
function wrap(names: readonly string[], width = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  for (const [i, name] of names.entries()) {
    const word = i < names.length - 1 ? `${name},` : name;
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
