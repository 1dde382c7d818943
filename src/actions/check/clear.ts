/** Findings about what lies in clear and should not. */
import type { Fleet } from "../../fleet/fleet.ts";
import { type Finding, finding } from "./finding.ts";
import { shellWord } from "./shell-word.ts";

export function checkClear(fleet: Fleet): Finding[] {
  const findings: Finding[] = [];
  for (const { path, rule, unlikely } of fleet.plainFiles) {
    const place = `${rule.config}:${rule.line}`;
    const message = unlikely
      ? `the rule at ${place} covers it, and it is not encrypted; it may match by accident`
      : `the rule at ${place} covers it, and it is not encrypted`;
    const fix = unlikely ? `anchor the path_regex at ${place}` : `sops encrypt -i ${shellWord(path)}`;
    findings.push(finding(unlikely ? "maybe-not-encrypted" : "not-encrypted", { path }, message, fix));
  }
  for (const { path, clear } of fleet.documents) {
    for (const { line, keyPath, kind } of clear) {
      const where = keyPath === "" ? "the document" : keyPath;
      if (kind === "value") {
        findings.push(
          finding("clear-value", { path, line }, `${where} stands in clear`, `secrets edit ${shellWord(path)}`),
        );
      } else {
        const message = `a comment in ${where} stands in clear`;
        findings.push(finding("clear-comment", { path, line }, message, `secrets edit ${shellWord(path)}`));
      }
    }
  }
  return findings;
}
