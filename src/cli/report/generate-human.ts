/** What `generate` is about to do, for a person. */
import type { GenerateView, RunView } from "../../actions/service/task-view.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { section } from "./section.ts";

const WIDEST = 40;

export function taskLines({ runs, byHand, prompts, links }: GenerateView): Styled[] {
  const width = Math.min(WIDEST, Math.max(0, ...[...runs, ...byHand].map(({ service }) => service.length)));
  const line = ({ service, reasons }: RunView): Styled => [
    "  ",
    service.padEnd(width),
    style("dim", `  ${reasons.join("; ")}`),
  ];
  return [
    ...section("to be made", runs, line),
    ...section("by hand", byHand, (run): Styled => [line(run), nextOf(run)]),
    ...section("asked first", prompts, ({ address, type, kept }) => [
      "  ",
      address,
      style("dim", `  ${type}${kept ? ", an earlier answer is there" : ""}`),
    ]),
    ...section("to put right", links, ({ path, verb, reason }) => [
      "  ",
      verb === "remove" ? style("red", "remove") : style("green", "add   "),
      ` ${path}`,
      style("dim", `  ${reason}`),
    ]),
  ];
}

function nextOf({ files: [file] }: RunView): Styled {
  return file === undefined ? "" : style("dim", `: secrets set ${file}`);
}
