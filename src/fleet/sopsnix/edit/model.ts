/** What a configuration says, apart from how: what an edit has to come to. */
import { decodeText } from "../../../sops/text.ts";
import { type CreationRule, parseConfig } from "../config.ts";
import { type ConfigMap, type ConfigValue, isEmpty, readConfigTree } from "../config-tree.ts";
import type { StatedKey } from "../stated-key.ts";
import { refusal } from "./fault.ts";
import { looksLikeKey, splitKeys } from "./key-text.ts";

export interface ConfigModel {
  readonly rules: RuleModel[];
  /** Which name stands for which key: own anchors, and those of lists. */
  readonly names: NamedKey[];
  /** What is neither a rule nor a key. */
  readonly rest: number;
}

export interface RuleModel {
  /** Lines of the file before all edits: first, and that of the next rule. Undefined for a new rule. */
  readonly lines: readonly [from: number, to: number] | undefined;
  /** A copy of the rule on those lines, which they do not mean. */
  readonly isCopy?: true;
  readonly pathRegex: string | undefined;
  readonly groups: readonly (readonly string[])[];
  /** For each group the anchors of the lists that it takes keys from. */
  readonly lists: readonly ReadonlySet<string>[];
  readonly shamirThreshold: number;
  readonly selector: string;
  readonly macOnlyEncrypted: boolean;
  readonly faulty: boolean;
  /** What is neither a key nor the path. */
  readonly rest: number;
}

export interface NamedKey {
  readonly name: string;
  /** The anchor is that of a list. */
  readonly isList: boolean;
  readonly key: string;
  readonly line: number;
}

/** Type and canonical id in one text. */
export function keyOf({ type, id }: Pick<StatedKey, "type" | "id">): string {
  return `${type} ${id}`;
}

/**
 * Numbers for values without keys: equal for equal values, also between configurations. 0 is nothing.
 *
 * Aliases make one value stand at many places, so each is looked at once.
 */
export class Residues {
  readonly #known = new Map<ConfigValue, number>();
  readonly #numbers = new Map<string, number>();

  of(value: ConfigValue, without: readonly string[] = []): number {
    const known = without.length === 0 ? this.#known.get(value) : undefined;
    if (known !== undefined) return known;
    const number = this.#number(this.#describe(value, without));
    if (without.length === 0) this.#known.set(value, number);
    return number;
  }

  #describe(value: ConfigValue, without: readonly string[]): string {
    if (value.kind === "text") return splitKeys(value.text).every(looksLikeKey) ? "" : `text ${value.text}`;
    const parts =
      value.kind === "list"
        ? value.items.map((item) => this.of(item)).filter((number) => number !== 0)
        : [...value.entries].flatMap(([key, one]) => {
            const number = without.includes(key) ? 0 : this.of(one);
            return number === 0 ? [] : [`${JSON.stringify(key)}:${number}`];
          });
    return parts.length === 0 ? "" : `${value.kind} ${parts.join()}`;
  }

  #number(description: string): number {
    if (description === "") return 0;
    const number = this.#numbers.get(description) ?? this.#numbers.size + 1;
    this.#numbers.set(description, number);
    return number;
  }
}

/** @throws SecretsError `E_CONFIG_EDIT` for a configuration that cannot be read */
export function readModel(bytes: Uint8Array, path: string, residues: Residues): ConfigModel {
  const { config, anomalies } = parseConfig(bytes, path);
  if (!config.sound) {
    const [anomaly] = anomalies;
    throw refusal(
      anomaly?.message ?? "This configuration cannot be read.",
      anomaly?.line ?? 1,
      "Mend it by hand first.",
    );
  }
  const tree = readConfigTree(decodeText(bytes).text);
  const rules = config.rules ?? [];
  const items = tree?.kind === "map" ? tree.entries.get("creation_rules") : undefined;
  return {
    rules: rules.map((rule, index) => ({
      ...ruleModel(rule),
      lines: [rule.line, rules[index + 1]?.line ?? Number.POSITIVE_INFINITY] as const,
      rest: restOf(items?.kind === "list" ? items.items[index] : undefined, residues),
    })),
    names: config.anchors.flatMap(namesOf),
    rest: tree === undefined || isEmpty(tree) ? 0 : residues.of(tree, ["creation_rules"]),
  };
}

function ruleModel({ pathRegex, keyGroups, shamirThreshold, selector, macOnlyEncrypted, fault }: CreationRule) {
  return {
    pathRegex,
    groups: keyGroups.map((group) => group.map(keyOf)),
    lists: keyGroups.map((group) => new Set(group.flatMap(({ list }) => list ?? []))),
    shamirThreshold,
    selector: selector === undefined ? "" : `${selector.kind} ${selector.pattern}`,
    macOnlyEncrypted,
    faulty: fault !== undefined,
  };
}

function restOf(rule: ConfigValue | undefined, residues: Residues): number {
  return rule?.kind === "map" ? residues.of(rule satisfies ConfigMap, ["path_regex"]) : 0;
}

function namesOf(stated: StatedKey): NamedKey[] {
  const { anchor, list, line } = stated;
  const key = keyOf(stated);
  return [
    ...(anchor === undefined ? [] : [{ name: anchor, isList: false, key, line }]),
    ...(list === undefined ? [] : [{ name: list, isList: true, key, line }]),
  ];
}
