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

function findingLines(finding: Finding): Styled[] {
  const { fix, missing = [], extra = [] } = finding;
  return [
    ...sentence(finding),
    ...missing.map((reader) => ["    ", style("green", `+ ${spell(reader)}`)]),
    ...extra.map((reader) => ["    ", style("red", `- ${spell(reader)}`)]),
    ["    ", style("cyan", "→ "), fix],
  ];
}

/** `error line 4: what is wrong [code]` */
function sentence({ severity, code, line, message }: Finding): Styled[] {
  const mark = `[${code}]`;
  const place = line === undefined ? "" : ` line ${line}`;
  const parts = wrap(`${severity}${place}: ${message} ${mark}`, COLUMNS - 4);
  return parts.map((part, i) => {
    // The first word and the last are ours, and neither is ever broken.
    const start = i === 0 ? severity.length : 0;
    const end = i === parts.length - 1 ? part.length - mark.length : part.length;
    return [
      i === 0 ? "  " : "    ",
      ...(i === 0 ? [style(STYLES[severity], severity)] : []),
      part.slice(start, end),
      ...(end < part.length ? [style("dim", mark)] : []),
    ];
  });
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
