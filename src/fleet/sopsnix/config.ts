/** `.sops.yaml`: creation rules with the keys that each names, and where every key is stated. */
import { SecretsError } from "../../errors.ts";
import { SELECTOR_KINDS, type Selector } from "../../sops/selectors.ts";
import { decodeText } from "../../sops/text.ts";
import type { Anomaly } from "../anomaly.ts";
import { parentOf } from "../path-index.ts";
import { type ConfigMap, type ConfigValue, configFault, isEmpty, readConfigTree } from "./config-tree.ts";
import { readAnchors, readKeyGroups, type StatedKey } from "./stated-key.ts";

export interface CreationRule {
  /** From 1. */
  readonly line: number;
  /** Go syntax, searched for without anchors. Undefined matches every path. */
  readonly pathRegex: string | undefined;
  readonly keyGroups: readonly (readonly StatedKey[])[];
  /** 0 when the rule states none. */
  readonly shamirThreshold: number;
  readonly selector: Selector | undefined;
  readonly macOnlyEncrypted: boolean;
  /** Why sops would refuse to use this rule. */
  readonly fault?: string;
}

export interface SopsConfig {
  readonly path: string;
  /** Paths are matched relative to it; the empty path is the root. */
  readonly directory: string;
  /** Undefined: the file states no rules, or cannot be used at all. */
  readonly rules: readonly CreationRule[] | undefined;
  /** All keys that have an anchor, in the order of the file, in use or not. */
  readonly anchors: readonly StatedKey[];
  /** False: nothing of it can be used. */
  readonly sound: boolean;
  /** Blanks per level that new files of a format get. */
  readonly indents: ReadonlyMap<"yaml" | "json" | "binary", number>;
}

const MAX_BYTES = 1024 * 1024;

/** Never throws for content: what cannot be used is told. `path` is that of the file. */
export function parseConfig(bytes: Uint8Array, path: string): { config: SopsConfig; anomalies: Anomaly[] } {
  const anomalies: Anomaly[] = [];
  const empty: SopsConfig = {
    path,
    directory: parentOf(path),
    rules: undefined,
    anchors: [],
    sound: false,
    indents: new Map(),
  };
  try {
    if (bytes.length > MAX_BYTES) throw configFault("is larger than 1 MiB", 1);
    const tree = readConfigTree(decodeText(bytes).text);
    const config = { ...empty, sound: true, ...(tree === undefined ? {} : readConfig(tree, path, anomalies)) };
    return { config, anomalies };
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    const line = error.location?.line;
    anomalies.push({ code: "config", path, ...(line === undefined ? {} : { line }), message: error.message });
    return { config: empty, anomalies };
  }
}

function readConfig(tree: ConfigValue, path: string, anomalies: Anomaly[]): Partial<SopsConfig> {
  if (isEmpty(tree)) return {};
  if (tree.kind !== "map") throw configFault("is not a map", tree.line);
  const stated = tree.entries.get("creation_rules");
  const rules = stated === undefined || isEmpty(stated) ? undefined : readRules(stated);
  for (const { line, fault } of rules ?? []) {
    if (fault !== undefined) anomalies.push({ code: "rule", path, line, message: `This rule ${fault}.` });
  }
  return { rules, anchors: readAnchors(tree), indents: readIndents(tree.entries.get("stores")) };
}

function readRules(value: ConfigValue): CreationRule[] {
  if (value.kind !== "list") throw configFault("has creation_rules that are not a list", value.line);
  return value.items.map((item) => {
    if (item.kind === "map") return readRule(item);
    // An empty item is a rule without conditions, as sops reads it.
    if (isEmpty(item)) return readRule({ kind: "map", line: item.line, anchor: undefined, entries: new Map() });
    throw configFault("has a creation rule that is not a map", item.line);
  });
}

function readRule(rule: ConfigMap): CreationRule {
  const pathRegex = textOf(rule, "path_regex");
  const { keyGroups, fault } = readKeyGroups(rule);
  const selectors = SELECTOR_KINDS.map((kind) => ({ kind, pattern: textOf(rule, kind) })).filter(
    ({ pattern }) => pattern !== "",
  );
  const threshold = textOf(rule, "shamir_threshold");
  if (!/^\d{0,3}$/.test(threshold)) throw configFault("has a shamir_threshold that is not a small number", rule.line);
  const told = fault ?? (selectors.length > 1 ? "has more than one selector" : undefined);
  return {
    line: rule.line,
    pathRegex: pathRegex === "" ? undefined : pathRegex,
    keyGroups,
    shamirThreshold: Number(threshold),
    selector: selectors[0],
    macOnlyEncrypted: /^(true|True|TRUE|y|Y|yes|Yes|YES|on|On|ON)$/.test(textOf(rule, "mac_only_encrypted")),
    ...(told === undefined ? {} : { fault: told }),
  };
}

/** `json_binary` is what sops calls the JSON around a binary document. */
function readIndents(stores: ConfigValue | undefined): SopsConfig["indents"] {
  const indents = new Map<"yaml" | "json" | "binary", number>();
  if (stores?.kind !== "map") return indents;
  const names = [
    ["yaml", "yaml"],
    ["json", "json"],
    ["json_binary", "binary"],
  ] as const;
  for (const [name, format] of names) {
    const store = stores.entries.get(name);
    const text = store?.kind === "map" ? textOf(store, "indent") : "";
    if (/^(-1|\d{1,2})$/.test(text)) indents.set(format, Number(text));
  }
  return indents;
}

function textOf(map: ConfigMap, key: string): string {
  const value = map.entries.get(key);
  if (value === undefined || isEmpty(value)) return "";
  if (value.kind !== "text") throw configFault(`has a ${key} that is not text`, value.line);
  return value.text;
}
