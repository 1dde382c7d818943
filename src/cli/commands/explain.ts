/** `secrets explain PATH`: which rule or link decides, who should read, who does, which key of mine opens it. */
import { type ExplainedReader, type Explanation, explain as explainPath } from "../../actions/explain.ts";
import { shortenKey } from "../../actions/reader-names.ts";
import { addressHere } from "../address-here.ts";
import type { Context } from "../context.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { table } from "../terminal/table.ts";
import { openWorkplace } from "../workplace.ts";

export async function explain(this: Context, flags: { readonly json?: boolean }, typed: string): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const [fleet, keyring] = await Promise.all([workplace.fleet(), workplace.keyring()]);
  const subject = await addressHere(this, workplace.ground.root, typed);
  const explanation = explainPath(fleet, keyring, subject);
  if (flags.json === true) {
    terminal.json(explanation);
    return;
  }
  for (const line of headLines(explanation)) terminal.print(line);
  for (const line of table(
    explanation.readers.map((reader) => readerRow(reader, explanation)),
    terminal.columns,
  )) {
    terminal.print(["  ", line]);
  }
  for (const line of closingLines(explanation)) terminal.print(line);
}

function headLines({ path, state, decidedBy }: Explanation): Styled[] {
  const title = style("bold", path);
  if (state === "public") return [[title, " is a public value: in clear, for everyone who can read the repository"]];
  const head: Styled = state === "planned" ? [title, " does not exist yet; a new file here would get"] : title;
  const broken: Styled[] =
    decidedBy.fault === undefined
      ? []
      : [style("yellow", `what decides ${decidedBy.fault}: readers may be missing here`)];
  if (decidedBy.kind === "none") {
    return [
      head,
      ...(broken.length > 0 ? broken : [style("yellow", "no rule and no link decides who should read it")]),
    ];
  }
  const what = decidedBy.kind === "links" ? "the links in" : "the first rule that matches:";
  const regex = decidedBy.pathRegex === undefined ? "" : ` path_regex ${decidedBy.pathRegex}`;
  return [head, ["decided by ", what, " ", decidedBy.place ?? "", style("dim", regex)], ...broken];
}

function readerRow(reader: ExplainedReader, { state, decidedBy }: Explanation): Styled[] {
  const should = reader.reasons.length > 0;
  const name = reader.name ?? "unknown";
  const sign: Styled =
    state === "planned"
      ? "would read"
      : reader.reads && (should || decidedBy.kind === "none" || decidedBy.fault !== undefined)
        ? style("green", "reads")
        : reader.reads
          ? style("yellow", "reads, should not")
          : style("red", "should, does not");
  return [
    [style("bold", name), reader.mine ? " (you)" : ""],
    sign,
    shortenKey(reader.recipient),
    style("dim", reader.reasons.join("; ")),
  ];
}

function closingLines({ state, readers, path, opens }: Explanation): Styled[] {
  if (state !== "document") return [];
  const share = !opens && readers.some(({ mine, reads }) => mine && reads);
  const drifts = readers.some(({ reads, reasons }) => !reads || reasons.length === 0);
  return [
    opens
      ? "a key of yours opens it"
      : style("yellow", share ? "your keys open too few of its key groups" : "no key of yours opens it"),
    ...(drifts ? [[style("cyan", "hint"), `: secrets check ${path}`]] : []),
  ];
}
