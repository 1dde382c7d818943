/** A rule decides for more documents than were named: the person says which of the two is meant. */
import { namedFew } from "../actions/named-few.ts";
import type { OnSharedRule } from "../actions/rekey/draft-grant.ts";
import { SecretsError } from "../errors.ts";
import type { Context } from "./context.ts";
import { askChoice } from "./terminal/prompt.ts";

export interface RuleFlags {
  readonly ownRule?: boolean;
  readonly wholeRule?: boolean;
}

/** @throws SecretsError `E_USAGE` for both flags, `E_RULE_SHARED` where nobody can be asked */
export function sharedRuleAnswer(context: Context, { ownRule, wholeRule }: RuleFlags): OnSharedRule {
  if (ownRule === true && wholeRule === true) {
    throw new SecretsError("E_USAGE", "--own-rule and --whole-rule exclude each other", { kind: "usage" });
  }
  return async ({ config, line, documents, others }) => {
    if (ownRule === true) return "own";
    if (wholeRule === true) return "whole";
    const { terminal } = context;
    const named = documents.map(({ path }) => path).join(", ");
    if (!terminal.interactive) {
      throw new SecretsError("E_RULE_SHARED", `this rule decides for ${others.length} more than ${named}`, {
        kind: "usage",
        location: { file: config, line },
        hint: [
          ...namedFew(others.map(({ path }) => path)),
          `--own-rule gives ${named} a rule of its own; --whole-rule changes it for all of them`,
        ].join("\n"),
      });
    }
    const choices = [
      { value: "own" as const, name: `a rule of its own for ${named}` },
      {
        value: "whole" as const,
        name: `the whole rule, with ${others.length} more`,
        description: namedFew(others.map(({ path }) => path)).join("\n"),
      },
    ];
    return askChoice(
      `${config}:${line} decides for more than ${named}. Change`,
      (term) => choices.filter(({ name }) => name.includes(term)),
      {
        terminal,
        flag: "--own-rule or --whole-rule",
      },
    );
  };
}
