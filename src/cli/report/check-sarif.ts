/** Findings as SARIF 2.1.0, the format that code scanning services take. */
import { CATALOGUE, type FindingCode, type Severity } from "../../actions/check/catalogue.ts";
import type { CheckReport } from "../../actions/check/finding.ts";
import { VERSION } from "../version.ts";

const LEVELS: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "note" };

export function sarifLog({ findings }: CheckReport): object {
  const codes = (Object.keys(CATALOGUE) as FindingCode[]).sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "secrets",
            version: VERSION,
            rules: codes.map((code) => ({
              id: code,
              shortDescription: { text: CATALOGUE[code].explanation },
              defaultConfiguration: { level: LEVELS[CATALOGUE[code].severity] },
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: findings.map(({ code, severity, path, line, message, fix }) => ({
          ruleId: code,
          ruleIndex: codes.indexOf(code),
          level: LEVELS[severity],
          message: { text: `${message}\n→ ${fix}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(path), uriBaseId: "%SRCROOT%" },
                ...(line === undefined ? {} : { region: { startLine: line } }),
              },
            },
          ],
        })),
      },
    ],
  };
}

/** A name that is no Unicode cannot be in a URI; its odd characters become the sign for that. */
function uriOf(path: string): string {
  return path
    .split("/")
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join("/");
}
