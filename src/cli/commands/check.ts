/** `secrets check`: what is wrong, and what mends it. Exit 0 clean, 1 findings, 2 could not look. */
import { deepCheck } from "../../actions/check/deep.ts";
import type { CheckReport } from "../../actions/check/finding.ts";
import { scopeOf } from "../../actions/check/scope.ts";
import { checkFleet } from "../../actions/check.ts";
import { SecretsError } from "../../errors.ts";
import { loadFleet } from "../../fleet/fleet.ts";
import { stagedTree } from "../../fleet/ground.ts";
import { pathHere } from "../address-here.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { githubLines } from "../report/check-github.ts";
import { checkLines } from "../report/check-human.ts";
import { sarifLog } from "../report/check-sarif.ts";
import { style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

type Format = "human" | "json" | "github" | "sarif";

interface CheckFlags {
  readonly json?: boolean;
  readonly format?: Format;
  readonly deep?: boolean;
  readonly staged?: boolean;
}

export async function check(this: Context, flags: CheckFlags, ...typed: string[]): Promise<void> {
  const format = formatOf(this, flags);
  const report = await examine(this, flags, typed);
  print(this, format, report);
  if (report.findings.some(({ severity }) => severity !== "info")) this.setExitCode(EXIT.findings);
}

async function examine(context: Context, flags: CheckFlags, typed: readonly string[]): Promise<CheckReport> {
  const pathsIn = (root: string) =>
    Promise.all(typed.map(async (path) => (await pathHere(context, root, path)) ?? path));
  if (flags.staged === true) {
    if (flags.deep === true) throw refusal("--deep opens files of the work tree, --staged looks at the index");
    const ground = await stagedTree(context.directory);
    return checkFleet(await loadFleet(ground), { paths: await pathsIn(ground.root) });
  }
  const workplace = await openWorkplace(context);
  const fleet = await workplace.fleet();
  const paths = await pathsIn(workplace.ground.root);
  if (flags.deep !== true) return checkFleet(fleet, { paths });
  const { findings, opened, foreign } = await deepCheck(workplace, fleet, await scopeOf(fleet, paths));
  context.terminal.note(style("dim", `opened and verified ${opened} documents; ${foreign} are not sealed to you`));
  return checkFleet(fleet, { paths, deep: findings });
}

/** In a workflow of GitHub or Forgejo annotations are what is wanted, unless somebody asked for something else. */
function formatOf({ env, terminal }: Context, { format, json }: CheckFlags): Format {
  if (json === true && format !== undefined && format !== "json") {
    throw refusal(`--json and --format ${format} ask for two formats`);
  }
  if (json === true) return "json";
  if (format !== undefined) return format;
  return env["GITHUB_ACTIONS"] === "true" && !terminal.stdoutIsScreen ? "github" : "human";
}

function refusal(reason: string): SecretsError {
  return new SecretsError("E_USAGE", reason, { kind: "usage", hint: "choose one of the two" });
}

function print({ terminal }: Context, format: Format, report: CheckReport): void {
  if (format === "json") terminal.json(report);
  else if (format === "sarif") terminal.json(sarifLog(report));
  else if (format === "human") for (const line of checkLines(report)) terminal.print(line);
  else {
    for (const line of githubLines(report)) terminal.print(line);
    // The annotations are for the changed lines; the log should say how it ended.
    terminal.note(`${report.findings.length} findings in ${report.documents.vars + report.documents.files} documents`);
  }
}
