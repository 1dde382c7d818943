/** Findings about rules of .sops.yaml that do nothing, or more than they were meant to. */
import type { Fleet } from "../../fleet/fleet.ts";
import type { CreationRule, SopsConfig } from "../../fleet/sopsnix/config.ts";
import { type Finding, finding } from "./finding.ts";
import { editAt } from "./fix-commands.ts";

/** Enough of a pattern to know it again. */
const SHOWN_PATTERN = 60;
const SHOWN_FOLDERS = 5;

export function checkRules(fleet: Fleet): Finding[] {
  const decided = new Map<CreationRule, string[]>();
  const paths = new Map<SopsConfig, string[]>();
  for (const { path } of [
    ...fleet.documents.filter(({ tier }) => tier === "files"),
    ...fleet.plainFiles,
    ...fleet.anomalies.filter(({ code }) => code === "document"),
  ]) {
    const { rule, config } = fleet.rules.decide(path);
    if (rule !== undefined) append(decided, rule, path);
    if (config !== undefined) append(paths, config, path);
  }
  const stops = new Set(fleet.rules.anomalies.map(({ path, line }) => `${path}:${line}`));
  return fleet.configs.flatMap((config) => {
    // sops stops at the first expression that it cannot use: what stands behind it waits for that to be mended.
    const rules = config.rules ?? [];
    const end = rules.findIndex(({ line }) => stops.has(`${config.path}:${line}`));
    return checkRuleList(fleet, config, end < 0 ? rules : rules.slice(0, end), decided, paths.get(config) ?? []);
  });
}

/** @param paths all documents that the configuration decides about */
function checkRuleList(
  fleet: Fleet,
  config: SopsConfig,
  rules: readonly CreationRule[],
  decided: ReadonlyMap<CreationRule, string[]>,
  paths: readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  const earlier: Earlier = { byPattern: new Map(), catchAll: undefined };
  for (const rule of rules) {
    const place = { path: config.path, line: rule.line };
    const told = (code: "rule-unreachable" | "rule-unused" | "rule-unanchored", message: string) =>
      findings.push(finding(code, place, message, editAt(place)));
    const own = decided.get(rule) ?? [];
    const never = whyNever(rule, earlier);
    if (!earlier.byPattern.has(rule.pathRegex)) earlier.byPattern.set(rule.pathRegex, rule);
    const matchesAll = fleet.rules.matchesAll(rule);
    if (matchesAll) earlier.catchAll ??= rule;
    const folders = topFolders(own);
    if (never !== undefined) told("rule-unreachable", never);
    else if (own.length === 0) told("rule-unused", idle(fleet, config, rule, paths));
    else if (isLoose(rule) && !matchesAll && folders.length > 1) {
      const shown = folders.slice(0, SHOWN_FOLDERS).join(", ") + (folders.length > SHOWN_FOLDERS ? ", …" : "");
      const pattern = shorten(rule.pathRegex ?? "");
      told(
        "rule-unanchored",
        `path_regex ${pattern} has no ^ and decides documents in ${shown}; begin it with ^ and the folder that is meant`,
      );
    }
  }
  return findings;
}

/** What stands before a rule, kept so that very many rules take no longer each. */
interface Earlier {
  readonly byPattern: Map<string | undefined, CreationRule>;
  catchAll: CreationRule | undefined;
}

/** For a rule that decides nothing whatever files may come. */
function whyNever({ pathRegex }: CreationRule, { byPattern, catchAll }: Earlier): string | undefined {
  const same = byPattern.get(pathRegex);
  const before = same ?? catchAll;
  if (before !== undefined) {
    const why = same === undefined ? "matches every path" : "has the same path_regex";
    return `this rule can never decide: the one in line ${before.line} ${why}; move it above, or remove it`;
  }
  const start = /^\^(\\\.){0,2}\//.exec(pathRegex ?? "")?.[0];
  if (start === undefined) return undefined;
  const spelled = start.slice(1).replaceAll("\\", "");
  return `this rule can never decide: no path begins with ${spelled}, they are relative to the folder of this file`;
}

/** Files may still come; what already would fit, and is decided by another rule, is worth a look. */
function idle(fleet: Fleet, config: SopsConfig, rule: CreationRule, paths: readonly string[]): string {
  const taken = paths.find((path) => fleet.rules.matches(rule, config, path));
  const first = taken === undefined ? undefined : fleet.rules.decide(taken).rule;
  const nothing = "this rule decides no document that is there";
  return first === undefined ? nothing : `${nothing}: it fits ${taken}, and line ${first.line} comes first`;
}

function shorten(pattern: string): string {
  return pattern.length > SHOWN_PATTERN ? `${pattern.slice(0, SHOWN_PATTERN)}…` : pattern;
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
