/** Findings as a person reads them: grouped by file, each with what to type. */
import type { CheckReport, Finding, NamedRecipient } from "../../actions/check/finding.ts";
import { type Style, type Styled, style } from "../terminal/styled.ts";

const STYLES: Readonly<Record<Finding["severity"], Style>> = { error: "red", warning: "yellow", info: "dim" };

export function checkLines({ documents, findings }: CheckReport): Styled[] {
  const lines: Styled[] = [];
  let path: string | undefined;
  for (const finding of findings) {
    if (finding.path !== path) {
      if (path !== undefined) lines.push("");
      path = finding.path;
      lines.push(style("bold", path));
    }
    lines.push(...findingLines(finding));
  }
  if (findings.length > 0) lines.push("");
  lines.push(summary(documents.vars + documents.files, findings));
  return lines;
}

function findingLines(finding: Finding): Styled[] {
  const { severity, code, line, message, fix, missing = [], extra = [] } = finding;
  const head: Styled = [
    "  ",
    style(STYLES[severity], severity),
    line === undefined ? "" : ` line ${line}`,
    ": ",
    message,
    style("dim", ` [${code}]`),
  ];
  return [
    head,
    ...missing.map((reader) => ["    ", style("green", `+ ${spell(reader)}`)]),
    ...extra.map((reader) => ["    ", style("red", `- ${spell(reader)}`)]),
    ["    ", style("cyan", "→ "), fix],
  ];
}

/** What has to be added or taken away for the document to be as policy says. */
function spell({ recipient, name }: NamedRecipient): string {
  const key = recipient.length <= 24 ? recipient : `${recipient.slice(0, 14)}…${recipient.slice(-6)}`;
  return `${name ?? "unknown"} ${key}`;
}

function summary(documents: number, findings: readonly Finding[]): Styled {
  const count = (severity: Finding["severity"]) => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, notes] = [count("error"), count("warning"), count("info")];
  const parts = [`${documents} documents`, plural(errors, "error"), plural(warnings, "warning")];
  if (notes > 0) parts.push(plural(notes, "note"));
  return style(errors > 0 ? "red" : warnings > 0 ? "yellow" : "green", parts.join(", "));
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
