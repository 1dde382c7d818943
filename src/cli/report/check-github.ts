/** Findings as workflow commands, which GitHub shows beside the changed lines, and Forgejo in the log of the job. */
import type { CheckReport, Finding } from "../../actions/check/finding.ts";

const COMMANDS: Readonly<Record<Finding["severity"], string>> = { error: "error", warning: "warning", info: "notice" };

/** One command a line; these are for a machine and are not styled. */
export function githubLines({ findings }: CheckReport): string[] {
  return findings.map(({ severity, path, line, code, message, fix }) => {
    const properties = [
      `file=${property(path)}`,
      ...(line === undefined ? [] : [`line=${line}`]),
      `title=${property(code)}`,
    ];
    return `::${COMMANDS[severity]} ${properties.join(",")}::${data(`${message}\n→ ${fix}`)}`;
  });
}

/** A line break in a name would otherwise begin a command of its own. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
