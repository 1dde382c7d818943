/** Rules of `.sops.yaml` decide for many documents: which, and how one of them gets a rule of its own. */
import { SecretsError } from "../../errors.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { type CreationRule, parseConfig } from "../../fleet/sopsnix/config.ts";
import { pathRegexFor } from "../../fleet/sopsnix/edit/edit-config.ts";
import { compileRules } from "../../fleet/sopsnix/rules.ts";
import type { PolicyDraft } from "./policy-draft.ts";

export interface SharedRule {
  /** Path of the `.sops.yaml`. */
  readonly config: string;
  readonly line: number;
  /** Those that were named. */
  readonly documents: readonly FleetDocument[];
  /** Those that were not, and that the rule decides for as well. */
  readonly others: readonly FleetDocument[];
}

/**
 * The rules that decide for `documents`, each once.
 * @throws SecretsError `E_NO_RULE` for a document that no rule covers, `E_POLICY_UNCLEAR` for one whose rule is at fault
 */
export function sharedRules(fleet: Fleet, documents: readonly FleetDocument[]): SharedRule[] {
  const rules = new Map<string, { config: string; line: number; documents: FleetDocument[] }>();
  for (const document of documents) {
    const { rule, kind, complete } = document.policy;
    if (kind !== "rule" || rule === undefined || !complete) throw noRule(fleet, document);
    const place = `${rule.config}:${rule.line}`;
    const known = rules.get(place) ?? { config: rule.config, line: rule.line, documents: [] };
    known.documents.push(document);
    rules.set(place, known);
  }
  const named = new Set(documents);
  return [...rules.values()].map((shared) => ({
    ...shared,
    others: fleet.documents.filter(
      (document) =>
        document.policy.rule?.config === shared.config &&
        document.policy.rule.line === shared.line &&
        !named.has(document),
    ),
  }));
}

function noRule(fleet: Fleet, { path, policy }: FleetDocument): SecretsError {
  const config = policy.rule?.config ?? fleet.rules.configOf(path)?.path ?? ".sops.yaml";
  if (policy.kind === "none" && policy.complete) {
    return new SecretsError("E_NO_RULE", `no rule of ${config} covers this document`, {
      location: { file: path },
      hint: `add a rule for it to ${config}, then run this again`,
    });
  }
  return new SecretsError("E_POLICY_UNCLEAR", "the rule that decides for this document cannot be used as it is", {
    location: { file: path },
    hint: `secrets check ${config} says what is wrong with it`,
  });
}

/** The rule that decides for a path in the configuration as it is drafted. */
export async function decidingRule(draft: PolicyDraft, config: string, path: string): Promise<CreationRule> {
  const parsed = parseConfig(await draft.ground.read(config), config).config;
  const { rule } = (await compileRules([parsed])).decide(path);
  if (rule !== undefined) return rule;
  throw new SecretsError("E_NO_RULE", `no rule of ${config} covers this document`, { location: { file: path } });
}

/** Puts a copy of the rule that decides for `path`, and for nothing else, before it. */
export async function ownRuleFor(draft: PolicyDraft, config: string, path: string, reason: string): Promise<void> {
  const rule = await decidingRule(draft, config, path);
  const directory = config.slice(0, Math.max(0, config.lastIndexOf("/") + 1));
  const pathRegex = pathRegexFor(path.slice(directory.length));
  if (rule.pathRegex === pathRegex) return;
  await draft.editConfig(config, [{ kind: "split-rule", rule: rule.line, pathRegex }], `${reason} (a rule of its own)`);
}
