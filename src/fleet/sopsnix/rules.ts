/** Which rule decides for a path: the first that matches, of the nearest `.sops.yaml` upwards from the file. */
import type { Anomaly } from "../anomaly.ts";
import { parentOf } from "../path-index.ts";
import type { CreationRule, SopsConfig } from "./config.ts";

export interface RuleSet {
  /** The configuration that a path falls under, whether or not a rule of it matches. */
  configOf(path: string): SopsConfig | undefined;
  decide(path: string): Decision;
  /** Whether a rule of a configuration would fit a path below it, were it the first one asked. */
  matches(rule: CreationRule, config: SopsConfig, path: string): boolean;
  /** Whether a rule catches whatever comes: it has no `path_regex`, or one that matches everything. */
  matchesAll(rule: CreationRule): boolean;
  /** One for each rule whose expression Go would refuse. */
  readonly anomalies: readonly Anomaly[];
}

export interface Decision {
  readonly config: SopsConfig | undefined;
  readonly rule: CreationRule | undefined;
  /** sops would stop here: the end of the sentence "This rule …", or of the configuration as a whole. */
  readonly fault?: string;
}

const BAD_EXPRESSION = "has a path_regex that is no Go expression";

/** Paths that have nothing in common: an expression that matches all of them looks for nothing. */
const UNLIKE: readonly string[] = ["\u{10fffd}", "q", "Q/7", "a-z.x_y/b.c/d", "\u{10fffd}/".repeat(200)];

/** `undefined` for an expression that Go would refuse. */
export type PathMatcher = ((path: string) => boolean) | undefined;

/** Paths repeat neither within a run nor usefully across rules, so nothing is remembered but the expressions. */
export async function compileRules(configs: readonly SopsConfig[]): Promise<RuleSet> {
  const byDirectory = new Map(configs.map((config) => [config.directory, config]));
  const matchers = await compileAll(configs);
  const configOf = (path: string): SopsConfig | undefined => {
    for (let directory = parentOf(path); ; directory = parentOf(directory)) {
      const config = byDirectory.get(directory);
      if (config !== undefined || directory === "") return config;
    }
  };
  return {
    configOf,
    decide(path) {
      const config = configOf(path);
      if (config === undefined) return { config, rule: undefined };
      if (!config.sound) return { config, rule: undefined, fault: "cannot be read" };
      const relative = relativeTo(config, path);
      for (const rule of config.rules ?? []) {
        if (rule.pathRegex === undefined) return decision(config, rule);
        const matches = matchers.get(rule.pathRegex);
        // sops gives up at the first bad expression that it meets; what is behind it never decides.
        if (matches === undefined) return { config, rule: undefined, fault: BAD_EXPRESSION };
        if (matches(relative)) return decision(config, rule);
      }
      return { config, rule: undefined };
    },
    anomalies: configs.flatMap(({ path, rules }) =>
      (rules ?? []).flatMap(({ line, pathRegex }): Anomaly[] => {
        if (pathRegex === undefined || matchers.get(pathRegex) !== undefined) return [];
        return [{ code: "rule", path, line, message: `This rule ${BAD_EXPRESSION}; sops stops here.` }];
      }),
    ),
    matches: ({ pathRegex }, config, path) =>
      pathRegex === undefined || matchers.get(pathRegex)?.(relativeTo(config, path)) === true,
    matchesAll: ({ pathRegex }) => {
      const matches = pathRegex === undefined ? () => true : matchers.get(pathRegex);
      return matches !== undefined && UNLIKE.every(matches);
    },
  };
}

function relativeTo({ directory }: SopsConfig, path: string): string {
  return directory === "" ? path : path.slice(directory.length + 1);
}

function decision(config: SopsConfig, rule: CreationRule): Decision {
  return { config, rule, ...(rule.fault === undefined ? {} : { fault: rule.fault }) };
}

async function compileAll(configs: readonly SopsConfig[]): Promise<Map<string, PathMatcher>> {
  const patterns = new Set(configs.flatMap(({ rules }) => rules?.flatMap(({ pathRegex }) => pathRegex ?? []) ?? []));
  const matchers = new Map<string, PathMatcher>();
  if (patterns.size === 0) return matchers;
  const { RE2JS } = await import("re2js");
  for (const pattern of patterns) {
    try {
      const expression = RE2JS.compile(pattern);
      matchers.set(pattern, (path) => expression.matcher(path).find());
    } catch {
      matchers.set(pattern, undefined);
    }
  }
  return matchers;
}
