/** `secrets check`: what is wrong, and what mends it. Exit 0 clean, 1 findings, 2 could not look. */

import { deepCheck } from "../../actions/check/deep.ts";
import type { CheckReport } from "../../actions/check/finding.ts";
import { checkFleet } from "../../actions/check.ts";
import { SecretsError } from "../../errors.ts";
import { loadFleet } from "../../fleet/fleet.ts";
import { stagedTree } from "../../fleet/ground.ts";
import { addressHere } from "../address-here.ts";
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
  const report = await examine(this, flags, typed);
  await print(this, formatOf(this, flags), report);
  if (report.findings.some(({ severity }) => severity !== "info")) this.setExitCode(EXIT.findings);
}

async function examine(context: Context, flags: CheckFlags, typed: readonly string[]): Promise<CheckReport> {
  if (flags.staged === true) {
    if (flags.deep === true) {
      throw new SecretsError(
        "E_USAGE",
        "--deep opens files of the work tree, --staged looks at the index; choose one",
        {
          kind: "usage",
        },
      );
    }
    const ground = await stagedTree(context.directory);
    const fleet = await loadFleet(ground);
    return checkFleet(fleet, { paths: await pathsHere(context, ground.root, typed) });
  }
  const workplace = await openWorkplace(context);
  const fleet = await workplace.fleet();
  const paths = await pathsHere(context, workplace.ground.root, typed);
  if (flags.deep !== true) return checkFleet(fleet, { paths });
  const { findings, opened, foreign } = await deepCheck(workplace, fleet);
  context.terminal.note(style("dim", `opened and verified ${opened} documents; ${foreign} are not sealed to you`));
  return checkFleet(fleet, { paths, deep: findings });
}

function pathsHere(context: Context, root: string, typed: readonly string[]): Promise<string[]> {
  return Promise.all(typed.map((path) => addressHere(context, root, path)));
}

/** In a workflow of GitHub or Forgejo annotations are what is wanted, unless somebody asked for something else. */
function formatOf({ env, terminal }: Context, flags: CheckFlags): Format {
  if (flags.format !== undefined) return flags.format;
  if (flags.json === true) return "json";
  return env["GITHUB_ACTIONS"] === "true" && !terminal.stdoutIsScreen ? "github" : "human";
}

async function print({ terminal }: Context, format: Format, report: CheckReport): Promise<void> {
  if (format === "json") terminal.json(report);
  else if (format === "sarif") terminal.json(sarifLog(report));
  else if (format === "human") for (const line of checkLines(report)) terminal.print(line);
  else {
    for (const line of githubLines(report)) terminal.print(line);
    // The annotations are for the changed lines; the log should say how it ended.
    terminal.note(`${report.findings.length} findings in ${report.documents.vars + report.documents.files} documents`);
  }
}
