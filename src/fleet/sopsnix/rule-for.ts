/** The rule for one path, without loading the fleet: what a new file needs. */
import { SecretsError } from "../../errors.ts";
import type { NewKey } from "../../sops/create-file.ts";
import { formatOfPath } from "../../sops/format.ts";
import type { Selector } from "../../sops/selectors.ts";
import type { Ground } from "../ground.ts";
import { parentOf } from "../path-index.ts";
import { parseConfig, type SopsConfig } from "./config.ts";
import { compileRules } from "./rules.ts";

/** What `createFile` wants to know, and where it says so. */
export interface FileRule {
  readonly keyGroups: readonly (readonly NewKey[])[];
  readonly shamirThreshold?: number;
  readonly selector?: Selector;
  readonly macOnlyEncrypted?: boolean;
  readonly indent?: number;
  /** Path of the `.sops.yaml`. */
  readonly config: string;
  /** Of the rule, from 1. */
  readonly line: number;
}

/**
 * Undefined when no rule covers the path.
 * @throws SecretsError `E_CONFIG` when the configuration or the rule cannot be used, `E_RULE_READER` for a key of a type
 *   that is not sealed to here.
 */
export async function ruleFor(ground: Ground, path: string): Promise<FileRule | undefined> {
  const config = await nearestConfig(ground, path);
  if (config === undefined) return undefined;
  const { rule, fault } = (await compileRules([config])).decide(path);
  if (fault !== undefined) {
    throw new SecretsError("E_CONFIG", `the rule for this path ${fault}`, {
      location: { file: config.path, ...(rule === undefined ? {} : { line: rule.line }) },
      hint: "sops would refuse it too; secrets check lists every such rule",
    });
  }
  if (rule === undefined) return undefined;
  const keyGroups = rule.keyGroups.map((group) =>
    group.map(({ type, text, line }): NewKey => {
      if (type === "age" || type === "pgp") return { type, id: text };
      throw new SecretsError("E_RULE_READER", `the rule for this path names a key of type ${type}`, {
        location: { file: config.path, line },
        hint: "only age, SSH and PGP keys can be sealed to; create this file with sops",
      });
    }),
  );
  const format = formatOfPath(path);
  const indent = format === "dotenv" || format === "ini" ? undefined : config.indents.get(format);
  return {
    keyGroups,
    ...(rule.shamirThreshold === 0 ? {} : { shamirThreshold: rule.shamirThreshold }),
    ...(rule.selector === undefined ? {} : { selector: rule.selector }),
    ...(rule.macOnlyEncrypted ? { macOnlyEncrypted: true } : {}),
    ...(indent === undefined ? {} : { indent }),
    config: config.path,
    line: rule.line,
  };
}

async function nearestConfig(ground: Ground, path: string): Promise<SopsConfig | undefined> {
  for (let directory = parentOf(path); ; directory = parentOf(directory)) {
    const place = directory === "" ? ".sops.yaml" : `${directory}/.sops.yaml`;
    const kind = await ground.kind(place);
    if (kind === "file" || kind === "link") {
      const { config, anomalies } = parseConfig(await ground.read(place), place);
      const [anomaly] = anomalies;
      if (config.sound || anomaly === undefined) return config;
      throw new SecretsError("E_CONFIG", anomaly.message, {
        location: { file: place, ...(anomaly.line === undefined ? {} : { line: anomaly.line }) },
        hint: "secrets check shows what is wrong with it",
      });
    }
    if (directory === "") return undefined;
  }
}
