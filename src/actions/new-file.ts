/** A document of tier 2 that does not exist yet: who will read it is what the first matching rule says. */
import { SecretsError } from "../errors.ts";
import type { CreationRule, SopsConfig } from "../fleet/sopsnix/config.ts";
import type { StatedKey } from "../fleet/sopsnix/stated-key.ts";
import { repoPath } from "../repo/path.ts";
import { createFile, type NewKey } from "../sops/create-file.ts";
import type { MapNode } from "../sops/tree.ts";
import { sealFor } from "./document.ts";
import type { Plan } from "./plan.ts";
import { shortenKey } from "./reader-names.ts";
import type { FileTarget } from "./target.ts";
import type { Workplace } from "./workplace.ts";

export interface RuleForFile {
  /** `.sops.yaml:12` */
  readonly place: string;
  /** Who will read the document, by name where there is one. */
  readonly readers: readonly string[];
  readonly rule: CreationRule;
  readonly config: SopsConfig;
}

/**
 * @throws SecretsError `E_NO_RULE` when no rule covers the path, `E_RULE` when sops would refuse the rule, or it names a
 *   reader that nothing can be sealed to.
 */
export async function ruleForNewFile(workplace: Workplace, path: string): Promise<RuleForFile> {
  const { rules, principals } = await workplace.fleet();
  const { config, rule, fault } = rules.decide(path);
  if (fault !== undefined) {
    throw new SecretsError("E_RULE", `the rule that covers this path ${fault}`, {
      location: { file: config?.path ?? ".sops.yaml", ...(rule === undefined ? {} : { line: rule.line }) },
      hint: "secrets check shows what is wrong in .sops.yaml",
    });
  }
  if (config === undefined || rule === undefined) {
    throw new SecretsError("E_NO_RULE", "no rule of .sops.yaml covers this path, so nobody is known to read it", {
      location: { file: path },
      hint: "add a creation rule whose path_regex matches it, then try again",
    });
  }
  const readers = rule.keyGroups.flat().map(({ id }) => principals.nameOf(id) ?? `unknown key ${shortenKey(id)}`);
  return { place: `${config.path}:${rule.line}`, readers: [...new Set(readers)], rule, config };
}

/** @throws SecretsError as {@link ruleForNewFile}, and what sealing to a reader throws. */
export async function planNewFile(
  workplace: Workplace,
  target: FileTarget,
  documents: readonly MapNode[],
): Promise<Plan> {
  const { rule, config, place, readers } = await ruleForNewFile(workplace, target.path);
  const indent = target.format === "dotenv" || target.format === "ini" ? undefined : config.indents.get(target.format);
  const text = await createFile({
    format: target.format,
    documents,
    keyGroups: rule.keyGroups.map((group) => group.map((key) => newKey(key, place))),
    ...(rule.shamirThreshold === 0 ? {} : { shamirThreshold: rule.shamirThreshold }),
    ...(rule.selector === undefined ? {} : { selector: rule.selector }),
    macOnlyEncrypted: rule.macOnlyEncrypted,
    ...(indent === undefined ? {} : { indent }),
    now: workplace.now(),
    seal: (key, dataKey) => sealFor(workplace, key, dataKey),
  });
  return {
    summary: `create ${target.path} for ${readers.join(", ")}`,
    changes: [
      {
        change: { kind: "write", path: repoPath(target.path), bytes: Buffer.from(text, "utf8"), expect: "absent" },
        reason: `new document, by the rule at ${place}`,
      },
    ],
  };
}

/** A reader is never dropped in silence: one that cannot be sealed to stops us. */
function newKey({ type, text }: StatedKey, place: string): NewKey {
  if (type === "age" || type === "pgp") return { type, id: text };
  throw new SecretsError("E_RULE", `the rule names a ${type} key, and nothing can be sealed to one here`, {
    location: { file: place },
    hint: "make the file with sops; it can be read and edited here afterwards",
  });
}
