/**
 * Metadata for the formats without nesting: `age__list_0__map_enc` for `age: [{enc}]` (sops 3.13.3, `stores/flatten`).
 * Reading takes the names in any order, since old versions wrote them sorted as text or at random.
 */
import { SecretsError } from "../errors.ts";
import type { EntryNode, MapNode, ScalarNode, ScalarValue, ValueNode } from "./tree.ts";

export interface FlatEntry {
  readonly name: string;
  readonly node: ScalarNode;
}

/** What is collected at one place of the tree while reading. Maps, since the names come from the file. */
interface Collected {
  value?: ScalarNode;
  readonly keys: Map<string, Collected>;
  readonly indexes: Map<number, Collected>;
}

const SEPARATOR = /__(map|list)_/g;
const MAX_DEPTH = 16;

/** The leaves with their flat names, in tree order. Empty maps and lists have no name, and comments none. */
export function flatten(tree: MapNode): FlatEntry[] {
  return tree.entries.flatMap((entry) => (entry.kind === "entry" ? flattenValue(entry.key, entry.value) : []));
}

/**
 * The tree behind flat names; maps come out sorted by key, as sops reads them.
 * @throws SecretsError `E_METADATA` for names that contradict each other or a list with gaps.
 */
export function unflatten(entries: readonly FlatEntry[]): MapNode {
  const root = emptyPlace();
  for (const { name, node } of entries) {
    const place = placeOf(root, name);
    if (place.value !== undefined) throw fault();
    place.value = node;
  }
  if (root.keys.size === 0) throw fault();
  return mapOf(root);
}

/** A metadata scalar as dotenv and INI write it: they have text only. */
export function flatText(scalar: ScalarValue): string {
  switch (scalar.type) {
    case "str":
    case "time":
      return scalar.value;
    case "bytes":
      return Buffer.from(scalar.value).toString("utf8");
    case "int":
      return scalar.value.toString();
    case "bool":
      return String(scalar.value);
    case "null":
      return "<nil>";
    case "float":
      return goFloat(scalar.value);
  }
}

/** Go's `FormatFloat(v, 'G', -1)`, and `.0` where that would look like an integer. */
function goFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", power = "0"] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 6) {
    const digits = String(Math.abs(exponent)).padStart(2, "0");
    return `${mantissa}E${exponent < 0 ? "-" : "+"}${digits}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}

function flattenValue(name: string, value: ValueNode): FlatEntry[] {
  if (value.kind === "scalar") return [{ name, node: value }];
  if (value.kind === "map") {
    return value.entries.flatMap((entry) =>
      entry.kind === "entry" ? flattenValue(`${name}__map_${entry.key}`, entry.value) : [],
    );
  }
  const items = value.items.filter((item) => item.kind !== "comment");
  return items.flatMap((item, i) => flattenValue(`${name}__list_${i}`, item));
}

function placeOf(root: Collected, name: string): Collected {
  const marks = [...name.matchAll(SEPARATOR)];
  if (marks.length > MAX_DEPTH) throw fault();
  let place = child(root.keys, name.slice(0, marks[0]?.index ?? name.length));
  for (const [i, mark] of marks.entries()) {
    const component = name.slice(mark.index + mark[0].length, marks[i + 1]?.index ?? name.length);
    if (mark[1] === "map") place = child(place.keys, component);
    else if (/^\d{1,6}$/.test(component)) place = child(place.indexes, Number(component));
    else throw fault();
  }
  return place;
}

function child<K>(places: Map<K, Collected>, key: K): Collected {
  let place = places.get(key);
  if (place === undefined) {
    place = emptyPlace();
    places.set(key, place);
  }
  return place;
}

function emptyPlace(): Collected {
  return { keys: new Map(), indexes: new Map() };
}

function valueAt(place: Collected): ValueNode {
  const kinds = Number(place.value !== undefined) + Number(place.keys.size > 0) + Number(place.indexes.size > 0);
  if (kinds !== 1) throw fault();
  if (place.value !== undefined) return place.value;
  if (place.keys.size > 0) return mapOf(place);
  const items = Array.from({ length: place.indexes.size }, (_, i) => {
    const item = place.indexes.get(i);
    if (item === undefined) throw fault();
    return valueAt(item);
  });
  return { kind: "list", items };
}

function mapOf(place: Collected): MapNode {
  const keys = [...place.keys].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    kind: "map",
    entries: keys.map(([key, inner]): EntryNode => ({ kind: "entry", key, value: valueAt(inner) })),
  };
}

function fault(): SecretsError {
  return new SecretsError("E_METADATA", "The sops metadata of this document is incomplete or contradicts itself.", {
    hint: "Restore it from git history; after a merge, resolve the conflict in the metadata first.",
  });
}
