/** The YAML of a definition as values with their places: what a person wrote, and where, for every error. */
import type { Node, Pair } from "yaml";
import { type Location, SecretsError } from "../../errors.ts";
import { isAlias, isMap, isScalar, loadYamlLibrary } from "../../sops/stores/yaml/library.ts";
import { checkCharacters } from "../../sops/stores/yaml/limits.ts";
import { parseText } from "../../sops/stores/yaml/parse.ts";

export interface Placed {
  readonly line: number;
  readonly column: number;
}

export interface TextNode extends Placed {
  readonly kind: "text";
  readonly text: string;
  /** What every YAML 1.2 reader, editors among them, takes it for: `true` and `12` are no texts without quotes. */
  readonly type: ScalarType;
}

export type ScalarType = "text" | "integer" | "number" | "switch";

export interface ListNode extends Placed {
  readonly kind: "list";
  readonly items: readonly DefinitionNode[];
}

export interface MapNode extends Placed {
  readonly kind: "map";
  readonly entries: readonly { readonly key: TextNode; readonly value: DefinitionNode }[];
}

/** Nothing stands behind the key. */
export interface EmptyNode extends Placed {
  readonly kind: "empty";
}

export type DefinitionNode = TextNode | ListNode | MapNode | EmptyNode;

/** A definition is for people to read. */
const MAX_BYTES = 256 * 1024;
const MAX_NODES = 20_000;
/** The core schema of YAML 1.2, section 10.3.2, for what stands without quotes. */
const EMPTY = /^(|~|null|Null|NULL)$/;
const SCALARS: readonly (readonly [RegExp, ScalarType])[] = [
  [/^(true|True|TRUE|false|False|FALSE)$/, "switch"],
  [/^[-+]?[0-9]+$/, "integer"],
  [/^(0o[0-7]+|0x[0-9a-fA-F]+)$/, "number"],
  [/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/, "number"],
  [/^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/, "number"],
];

/** @throws SecretsError `E_DEFINITION` or `E_YAML_…`, with line and column where there is one */
export function readDefinitionTree(bytes: Uint8Array, file: string): DefinitionNode {
  if (bytes.length > MAX_BYTES) throw definitionFault("this file is larger than any definition", { file });
  const text = textOf(bytes, file);
  try {
    checkCharacters(text);
    const [first, second] = parseText(text).documents;
    const reader = new Reader(text, file);
    if (second !== undefined) throw reader.fault("a definition is one document: take this --- out", second.start);
    const contents = first?.document.contents;
    return contents ? reader.node(contents) : { kind: "empty", line: 1, column: 1 };
  } catch (error) {
    throw error instanceof SecretsError ? error.at({ file }) : error;
  }
}

/** @throws never */
export function definitionFault(message: string, location: Location, hint?: string): SecretsError {
  return new SecretsError("E_DEFINITION", message, { location, ...(hint === undefined ? {} : { hint }) });
}

/** A text of the file as a message shows it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function textOf(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw definitionFault("this file is not UTF-8 text", { file });
  }
}

class Reader {
  readonly #text: string;
  readonly #file: string;
  readonly #counter = new (loadYamlLibrary().LineCounter)();
  #count = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    for (let i = 0; i !== -1; i = this.#next(i)) this.#counter.addNewLine(i);
  }

  node(node: Node): DefinitionNode {
    const place = this.#place(node);
    if (++this.#count > MAX_NODES) throw this.#fault("this definition has more entries than any service", place);
    if (isAlias(node)) throw this.#fault("a definition has no anchors and aliases: write it out", place);
    const { anchor, tag } = node as { anchor?: string; tag?: string };
    if (anchor !== undefined) throw this.#fault("a definition has no anchors and aliases: write it out", place);
    if (tag !== undefined) throw this.#fault("a definition has no tags", place);
    if (isScalar(node)) {
      const text = String(node.value ?? "");
      if (node.type !== "PLAIN") return { kind: "text", text, type: "text", ...place };
      if (EMPTY.test(text)) return { kind: "empty", ...place };
      const [, type = "text"] = SCALARS.find(([pattern]) => pattern.test(text)) ?? [];
      return { kind: "text", text, type, ...place };
    }
    if (isMap(node)) return { kind: "map", entries: this.#entries(node.items as Pair[]), ...place };
    const { items } = node as unknown as { items: Node[] };
    return { kind: "list", items: items.map((item) => this.node(item)), ...place };
  }

  #entries(pairs: readonly Pair[]): MapNode["entries"] {
    const seen = new Set<string>();
    return pairs.map(({ key, value }) => {
      const name = this.node(key as Node);
      if (name.kind !== "text") throw this.#fault("a key has to be a text", name);
      if (seen.has(name.text)) throw this.#fault(`${quoted(name.text)} stands here twice`, name);
      seen.add(name.text);
      const { line, column } = name;
      return { key: name, value: value === null ? { kind: "empty", line, column } : this.node(value as Node) };
    });
  }

  fault(message: string, offset: number): SecretsError {
    return this.#fault(message, this.#placeAt(offset));
  }

  #place(node: Node): Placed {
    return this.#placeAt(node.range?.[0] ?? 0);
  }

  #placeAt(offset: number): Placed {
    const { line, col } = this.#counter.linePos(offset);
    return { line, column: col };
  }

  #next(from: number): number {
    const at = this.#text.indexOf("\n", from);
    return at === -1 ? -1 : at + 1;
  }

  #fault(message: string, { line, column }: Placed): SecretsError {
    return definitionFault(message, { file: this.#file, line, column });
  }
}
