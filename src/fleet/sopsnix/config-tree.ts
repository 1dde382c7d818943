/** The YAML of `.sops.yaml` as values with lines and anchors: what the rules are read from. */
import type { Node, Pair, Scalar } from "yaml";
import { SecretsError } from "../../errors.ts";
import { loadYamlLibrary, type YamlLibrary } from "../../sops/stores/yaml/library.ts";
import { checkCharacters } from "../../sops/stores/yaml/limits.ts";
import { parseText } from "../../sops/stores/yaml/parse.ts";

/** Line of the value itself, from 1; behind an alias, that of the anchor. */
interface Placed {
  readonly line: number;
  /** The `&name` before the value. */
  readonly anchor: string | undefined;
}

export interface ConfigText extends Placed {
  readonly kind: "text";
  /** Numbers and booleans as they are written; null is the empty text. */
  readonly text: string;
}

export interface ConfigList extends Placed {
  readonly kind: "list";
  readonly items: readonly ConfigValue[];
}

export interface ConfigMap extends Placed {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, ConfigValue>;
}

export type ConfigValue = ConfigText | ConfigList | ConfigMap;

/** Real files have some hundred. Aliases share the value of their anchor, so only merge keys multiply. */
const MAX_VALUES = 100_000;
const NULL = /^(~|null|Null|NULL)$/;

/**
 * Undefined for a file without content. Aliases stand for the very value of their anchor; merge keys are merged.
 * @throws SecretsError `E_YAML_…` or `E_CONFIG` with a line
 */
export function readConfigTree(text: string): ConfigValue | undefined {
  checkCharacters(text);
  const { documents } = parseText(text);
  // sops reads the first document and never looks for another.
  const contents = documents[0]?.document.contents;
  return contents ? new Reader(text).value(contents) : undefined;
}

/** Walks in the order of the text, as aliases need it: each stands for the last anchor of its name before it. */
class Reader {
  readonly #yaml: YamlLibrary = loadYamlLibrary();
  readonly #lineStarts: readonly number[];
  readonly #anchors = new Map<string, ConfigValue>();
  #count = 0;

  constructor(text: string) {
    this.#lineStarts = startsOfLines(text);
  }

  value(node: Node): ConfigValue {
    this.#spend(node);
    const { isAlias } = this.#yaml;
    if (isAlias(node)) {
      // An anchor is unknown until its value has ended, so none contains itself.
      const target = this.#anchors.get(node.source);
      if (target === undefined) throw this.#fault(node, "has an alias without an anchor before it");
      return target;
    }
    const value = this.#read(node, { line: this.#lineOf(node), anchor: (node as { anchor?: string }).anchor });
    if (value.anchor !== undefined) this.#anchors.set(value.anchor, value);
    return value;
  }

  #read(node: Node, place: Placed): ConfigValue {
    const { isMap, isSeq, isScalar } = this.#yaml;
    if (isMap<Node, Node | null>(node)) return { kind: "map", ...place, entries: this.#entries(node.items) };
    if (isSeq<Node>(node)) return { kind: "list", ...place, items: node.items.map((item) => this.value(item)) };
    if (!isScalar(node)) throw this.#fault(node, "has a value of an unknown kind");
    const text = String(node.value ?? "");
    return { kind: "text", ...place, text: node.type === "PLAIN" && NULL.test(text) ? "" : text };
  }

  #entries(pairs: readonly Pair<Node, Node | null>[]): Map<string, ConfigValue> {
    const own = new Map<string, ConfigValue>();
    const merged: ConfigValue[] = [];
    for (const pair of pairs) {
      const key = this.value(pair.key);
      if (key.kind !== "text") throw this.#fault(pair.key, "has a key that is not text");
      const value = pair.value === null ? emptyAt(key.line) : this.value(pair.value);
      if (key.text === "<<" && (pair.key as Scalar).type === "PLAIN")
        merged.push(...(value.kind === "list" ? value.items : [value]));
      else if (own.has(key.text)) throw this.#fault(pair.key, "has a key twice in the same map");
      else own.set(key.text, value);
    }
    // What a map says itself wins; of several merged ones the first does.
    for (const source of merged) {
      if (source.kind !== "map") throw configFault("merges something that is not a map", source.line);
      for (const [key, value] of source.entries) {
        this.#spend(undefined);
        if (!own.has(key)) own.set(key, value);
      }
    }
    return own;
  }

  #spend(node: Node | undefined): void {
    if (++this.#count > MAX_VALUES) throw this.#fault(node, `has more than ${MAX_VALUES} values`);
  }

  #lineOf(node: Node | undefined): number {
    const offset = node?.range?.[0] ?? 0;
    let low = 0;
    let high = this.#lineStarts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #fault(node: Node | undefined, what: string): SecretsError {
    return configFault(what, this.#lineOf(node));
  }
}

/** @param what the end of the sentence "This configuration …" */
export function configFault(what: string, line: number): SecretsError {
  return new SecretsError("E_CONFIG", `This configuration ${what}.`, {
    location: { line },
    hint: "sops could not use it either, or would read something else than is meant",
  });
}

/** Nothing is written there, or null. */
export function isEmpty(value: ConfigValue): boolean {
  return value.kind === "text" && value.text === "";
}

function emptyAt(line: number): ConfigText {
  return { kind: "text", line, anchor: undefined, text: "" };
}

function startsOfLines(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
