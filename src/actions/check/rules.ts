/** Findings about rules of .sops.yaml that do nothing, or more than they were meant to. */
import type { Fleet } from "../../fleet/fleet.ts";
import type { CreationRule, SopsConfig } from "../../fleet/sopsnix/config.ts";
import { type Finding, finding } from "./finding.ts";

export function checkRules(fleet: Fleet): Finding[] {
  const decided = new Map<CreationRule, string[]>();
  const paths = new Map<SopsConfig, string[]>();
  for (const { path } of [...fleet.documents.filter(({ tier }) => tier === "files"), ...fleet.plainFiles]) {
    const { rule, config } = fleet.rules.decide(path);
    if (rule !== undefined) append(decided, rule, path);
    if (config !== undefined) append(paths, config, path);
  }
  return fleet.configs.flatMap((config) => checkConfig(fleet, config, decided, paths.get(config) ?? []));
}

/** @param paths all documents that the configuration decides about */
function checkConfig(
  fleet: Fleet,
  config: SopsConfig,
  decided: ReadonlyMap<CreationRule, string[]>,
  paths: readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  const earlier: CreationRule[] = [];
  for (const rule of config.rules ?? []) {
    const place = { path: config.path, line: rule.line };
    const own = decided.get(rule) ?? [];
    const never = whyNever(fleet, rule, earlier);
    earlier.push(rule);
    if (never !== undefined) findings.push(finding("rule-unreachable", place, ...never));
    else if (own.length === 0) findings.push(unused(fleet, config, rule, paths));
    else if (isLoose(rule) && !fleet.rules.matchesAll(rule) && topFolders(own).length > 1) {
      const message = `path_regex ${rule.pathRegex} has no ^ and decides documents in ${topFolders(own).join(", ")}`;
      const fix = "begin the path_regex with ^ and the folder that is meant";
      findings.push(finding("rule-unanchored", place, message, fix));
    }
  }
  return findings;
}

/** Message and fix, for a rule that decides nothing whatever files may come. */
function whyNever(
  fleet: Fleet,
  { pathRegex }: CreationRule,
  earlier: readonly CreationRule[],
): [message: string, fix: string] | undefined {
  const before = earlier.find((rule) => rule.pathRegex === pathRegex || fleet.rules.matchesAll(rule));
  if (before !== undefined) {
    const why = before.pathRegex === pathRegex ? "has the same path_regex" : "matches every path";
    const fix = `move it above line ${before.line}, or remove it`;
    return [`this rule can never decide: the one in line ${before.line} ${why}`, fix];
  }
  const start = /^\^(\\\.){0,2}\//.exec(pathRegex ?? "")?.[0];
  if (start === undefined) return undefined;
  const message = `this rule can never decide: no path begins with ${start.slice(1).replaceAll("\\", "")}`;
  return [message, `remove what stands between ^ and the first folder: paths are relative to the folder of this file`];
}

/** Files may still come; what already would fit, and is decided by another rule, is worth a look. */
function unused(fleet: Fleet, config: SopsConfig, rule: CreationRule, paths: readonly string[]): Finding {
  const place = { path: config.path, line: rule.line };
  const taken = paths.find((path) => fleet.rules.matches(rule, config, path));
  const first = taken === undefined ? undefined : fleet.rules.decide(taken).rule;
  if (first === undefined) {
    const message = "this rule decides no document that is there";
    return finding("rule-unused", place, message, "remove it if it is not for later");
  }
  const message = `this rule decides no document that is there: it fits ${taken}, and line ${first.line} comes first`;
  return finding("rule-unused", place, message, `move it above line ${first.line} if it is meant to decide`);
}

/** It names a folder or the beginning of a file, and says not where. An ending such as `\.sops\.yaml$` is for anywhere. */
function isLoose({ pathRegex }: CreationRule): boolean {
  return pathRegex !== undefined && !/^(\(\?\w+\))?(\^|\\A|\(\^)/.test(pathRegex) && !/^(\.[*+])?\\\./.test(pathRegex);
}

function topFolders(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => (path.includes("/") ? `${path.split("/", 1)[0]}/` : "the root")))].sort();
}

function append<K>(lists: Map<K, string[]>, key: K, item: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
