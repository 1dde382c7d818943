/** Reads the fields of a definition, and gathers every fault instead of stopping at the first. */
import type { SecretsError } from "../../errors.ts";
import { didYouMean } from "../address.ts";
import {
  type DefinitionNode,
  definitionFault,
  type MapNode,
  type Placed,
  quoted,
  type TextNode,
} from "./definition-tree.ts";

/** Of one file. Whoever has more wants to know of these first; and what may have been meant takes time to find. */
const TOLD = 50;

export class Faults {
  readonly #file: string;
  readonly found: SecretsError[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /** @param hint a function: worked out for those alone that are told */
  tell(
    message: string,
    { line, column }: Placed,
    keyPath: readonly string[],
    hint?: string | (() => string | undefined),
  ): undefined {
    if (this.found.length > TOLD) return;
    const place = { file: this.#file, line, column };
    if (this.found.length === TOLD) {
      this.found.push(definitionFault("from here on this file has more faults than are told", place));
      return;
    }
    const advice = typeof hint === "function" ? hint() : hint;
    const keys = keyPath.length > 0 ? { keyPath } : {};
    this.found.push(definitionFault(message, { ...place, ...keys }, advice));
  }
}

/** One map of a definition. */
export class Fields {
  readonly place: Placed;
  readonly path: readonly string[];
  readonly faults: Faults;
  readonly #entries: ReadonlyMap<string, { key: TextNode; value: DefinitionNode }>;

  /** @param known what may stand here; undefined: any name */
  constructor(map: MapNode, path: readonly string[], faults: Faults, known: readonly string[] | undefined) {
    this.place = map;
    this.path = path;
    this.faults = faults;
    this.#entries = new Map(map.entries.map((entry) => [entry.key.text, entry]));
    for (const { key } of map.entries) {
      if (known === undefined || known.includes(key.text)) continue;
      const allowed = known.length > 0 ? `known here: ${known.join(", ")}` : "nothing can stand here";
      faults.tell(`there is no ${quoted(key.text)} here`, key, [...path, key.text], () => {
        return didYouMean(key.text, known) ?? allowed;
      });
    }
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Not there, or nothing behind it. */
  isEmpty(name: string): boolean {
    return this.#value(name) === undefined;
  }

  /** Whether no fault at this field was told. */
  isSound(name: string): boolean {
    const path = [...this.path, name].join("\0");
    return !this.faults.found.some(({ location }) => `${location?.keyPath?.join("\0")}\0`.startsWith(`${path}\0`));
  }

  fault(name: string, message: string, hint?: string | (() => string | undefined)): undefined {
    return this.faults.tell(message, this.#entries.get(name)?.value ?? this.place, [...this.path, name], hint);
  }

  text(name: string): string | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (value.kind !== "text") return this.fault(name, `${name} has to be a text`);
    return value.type === "text" ? value.text : this.fault(name, unquoted(name, value), `${name}: "${value.text}"`);
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    return this.fault(name, `${name} has to be ${choices.length > 1 ? "one of " : ""}${choices.join(", ")}`, () =>
      didYouMean(text, choices),
    );
  }

  flag(name: string): boolean | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (value.kind === "text" && value.type === "switch") return value.text.toLowerCase() === "true";
    return this.fault(name, `${name} has to be true or false`);
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const number = value.kind === "text" && value.type === "integer" ? Number(value.text) : Number.NaN;
    if (number >= least && number <= most) return number;
    return this.fault(name, `${name} has to be a whole number from ${least} to ${most}`);
  }

  texts(name: string): readonly TextNode[] | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (value.kind !== "list") {
      const [one] = value.kind === "text" ? [value.text] : ["a, b"];
      return this.fault(name, `${name} has to be a list`, `${name}: [${one}]`);
    }
    const path = [...this.path, name];
    return value.items.flatMap((item) => {
      if (item.kind === "text" && item.type === "text" && item.text !== "") return [item];
      const odd = item.kind === "text" && item.type !== "text";
      if (odd) this.faults.tell(unquoted(`an entry of ${name}`, item), item, path, `"${item.text}"`);
      else if (item.kind === "text") this.faults.tell(`an entry of ${name} is empty`, item, path);
      else this.faults.tell(`an entry of ${name} has to be a text`, item, path);
      return [];
    });
  }

  /** Its own entries, in the order of the file. An empty value is an empty map. */
  maps(name: string, known: readonly string[]): readonly { key: TextNode; fields: Fields }[] | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (value.kind !== "map") return this.fault(name, `${name} has to be a map of names`);
    return value.entries.flatMap(({ key, value: inner }) => {
      const path = [...this.path, name, key.text];
      if (inner.kind === "text" || inner.kind === "list") {
        this.faults.tell(`${quoted(key.text)} has to be a map of its attributes, or empty: {}`, inner, path);
        return [];
      }
      const { line, column } = key;
      const map: MapNode = inner.kind === "map" ? inner : { kind: "map", entries: [], line, column };
      return [{ key, fields: new Fields(map, path, this.faults, known) }];
    });
  }

  /** A map below. */
  below(name: string, known: readonly string[] | undefined): Fields | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (value.kind !== "map") return this.fault(name, `${name} has to be a map`);
    return new Fields(value, [...this.path, name], this.faults, known);
  }

  node(name: string): DefinitionNode | undefined {
    return this.#entries.get(name)?.value;
  }

  /** Undefined for what is not there, or is empty. */
  #value(name: string): DefinitionNode | undefined {
    const value = this.#entries.get(name)?.value;
    return value?.kind === "empty" ? undefined : value;
  }
}

function unquoted(what: string, { type }: TextNode): string {
  const taken = type === "switch" ? "true or false" : "a number";
  return `${what} has to be a text, and without quotes this is ${taken}`;
}
