/** Findings about rules of .sops.yaml that do nothing, or more than they were meant to. */
import type { Fleet } from "../../fleet/fleet.ts";
import type { CreationRule, SopsConfig } from "../../fleet/sopsnix/config.ts";
import { type Finding, finding } from "./finding.ts";

export function checkRules(fleet: Fleet): Finding[] {
  const decided = new Map<CreationRule, string[]>();
  for (const path of [...fleet.documents.filter(({ tier }) => tier === "files"), ...fleet.plainFiles].map(
    (one) => one.path,
  )) {
    const { rule } = fleet.rules.decide(path);
    if (rule !== undefined) decided.set(rule, [...(decided.get(rule) ?? []), path]);
  }
  return fleet.configs.flatMap((config) => checkConfig(fleet, config, decided));
}

function checkConfig(fleet: Fleet, config: SopsConfig, decided: ReadonlyMap<CreationRule, string[]>): Finding[] {
  const findings: Finding[] = [];
  let catchAll: CreationRule | undefined;
  for (const rule of config.rules ?? []) {
    const place = { path: config.path, line: rule.line };
    const paths = decided.get(rule) ?? [];
    if (catchAll !== undefined) {
      const message = `this rule can never decide: the one in line ${catchAll.line} matches every path`;
      findings.push(finding("rule-unreachable", place, message, `move it above line ${catchAll.line}, or remove it`));
    } else if (paths.length === 0) {
      findings.push(
        finding(
          "rule-unused",
          place,
          "this rule decides no document that is there",
          "remove it if it is not for later",
        ),
      );
    } else if (isLoose(rule) && !fleet.rules.matchesAll(rule) && topFolders(paths).length > 1) {
      const message = `path_regex ${rule.pathRegex} has no ^ and decides documents in ${topFolders(paths).join(", ")}`;
      findings.push(
        finding("rule-unanchored", place, message, "begin the path_regex with ^ and the folder that is meant"),
      );
    }
    if (fleet.rules.matchesAll(rule)) catchAll ??= rule;
  }
  return findings;
}

function isLoose({ pathRegex }: CreationRule): boolean {
  return pathRegex !== undefined && !/^(\(\?\w+\))?(\^|\\A|\(\^)/.test(pathRegex);
}

/** A suffix such as `\.sops\.yaml$` is meant for wherever the file lies; a folder's name is not. */
function topFolders(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => (path.includes("/") ? `${path.split("/", 1)[0]}/` : "the root")))].sort();
}
