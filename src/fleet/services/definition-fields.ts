/** Reads the fields of a definition, and gathers every fault instead of stopping at the first. */
import type { SecretsError } from "../../errors.ts";
import { suggest } from "../address.ts";
import { type DefinitionNode, definitionFault, type MapNode, type Placed, type TextNode } from "./definition-tree.ts";

export class Faults {
  readonly #file: string;
  readonly found: SecretsError[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  tell(message: string, { line, column }: Placed, keyPath: readonly string[], hint?: string): undefined {
    this.found.push(definitionFault(message, { file: this.#file, line, column, keyPath }, hint));
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
      const near = suggest(key.text, known);
      const hint = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `known here: ${known.join(", ")}`;
      faults.tell(`there is no ${JSON.stringify(key.text)} here`, key, [...path, key.text], hint);
    }
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Where a field stands; where the map stands for one that is not there. */
  placeOf(name: string): Placed {
    return this.#entries.get(name)?.key ?? this.place;
  }

  fault(name: string, message: string, hint?: string): undefined {
    return this.faults.tell(message, this.#entries.get(name)?.value ?? this.place, [...this.path, name], hint);
  }

  text(name: string): string | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    return value.kind === "text" ? value.text : this.fault(name, `${name} has to be a text`);
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    const near = suggest(text, choices);
    return this.fault(
      name,
      `${name} has to be one of ${choices.join(", ")}`,
      near.length > 0 ? `did you mean ${near.join(" or ")}?` : undefined,
    );
  }

  flag(name: string): boolean | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (value.kind === "text" && value.plain && /^(true|false)$/.test(value.text)) return value.text === "true";
    return this.fault(name, `${name} has to be true or false`);
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    const number =
      value.kind === "text" && value.plain && /^-?\d{1,9}$/.test(value.text) ? Number(value.text) : Number.NaN;
    if (number >= least && number <= most) return number;
    return this.fault(name, `${name} has to be a whole number from ${least} to ${most}`);
  }

  texts(name: string): readonly TextNode[] | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (value.kind !== "list") return this.fault(name, `${name} has to be a list: [a, b]`);
    return value.items.flatMap((item) => {
      if (item.kind === "text") return [item];
      this.faults.tell(`an entry of ${name} has to be a text`, item, [...this.path, name]);
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
        this.faults.tell(`${key.text} has to be a map of its attributes, or empty: {}`, inner, path);
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

  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Undefined for what is not there, or is empty. */
  #value(name: string): DefinitionNode | undefined {
    const value = this.#entries.get(name)?.value;
    return value?.kind === "empty" ? undefined : value;
  }
}
