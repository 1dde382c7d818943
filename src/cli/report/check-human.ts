/** Findings as a person reads them: grouped by file, each with what to type. */
import type { CheckReport, Finding, NamedRecipient } from "../../actions/check/finding.ts";
import { shortenKey } from "../../actions/reader-names.ts";
import { type Style, type Styled, style, widthOf } from "../terminal/styled.ts";

const STYLES: Readonly<Record<Finding["severity"], Style>> = { error: "red", warning: "yellow", info: "dim" };

/** Sentences are broken here, so that a pipe and a narrow window get the same; names, keys and commands stay whole. */
const COLUMNS = 80;

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

function findingLines({ severity, code, line, message, fix, missing = [], extra = [] }: Finding): Styled[] {
  const mark: Styled = [style(STYLES[severity], severity), " ", style("dim", code)];
  const told = wrap(line === undefined ? message : `line ${line}: ${message}`, COLUMNS - 4);
  return [
    ["  ", mark],
    ...told.map((part) => ["    ", part]),
    ...missing.map((reader) => ["    ", style("green", `+ ${spell(reader)}`)]),
    ...extra.map((reader) => ["    ", style("red", `- ${spell(reader)}`)]),
    ["    ", style("cyan", "→ "), fix],
  ];
}

/** What has to be added or taken away for the document to be as policy says. */
function spell({ recipient, name }: NamedRecipient): string {
  return `${name ?? "unknown"} ${shortenKey(recipient)}`;
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (current !== "" && widthOf(longer) > columns) {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  return [...lines, current];
}

function summary(documents: number, findings: readonly Finding[]): Styled {
  const count = (severity: Finding["severity"]) => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, notes] = [count("error"), count("warning"), count("info")];
  const parts = [plural(documents, "document"), plural(errors, "error"), plural(warnings, "warning")];
  if (notes > 0) parts.push(plural(notes, "note"));
  return style(errors > 0 ? "red" : warnings > 0 ? "yellow" : "green", parts.join(", "));
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
