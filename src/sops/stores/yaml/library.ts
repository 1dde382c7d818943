/**
 * The `yaml` library, loaded on first use: files in sops' own form never need it, and loading it costs more time than
 * reading them. The store's `read` is synchronous, so a dynamic import will not do. In the bundle `require` is the
 * bundler's, and the library a function that has not run; from sources there is only Node's.
 */
import { createRequire } from "node:module";
import type { Alias, Node, Pair, Scalar, YAMLMap } from "yaml";

export type YamlLibrary = typeof import("yaml");

let loaded: YamlLibrary | undefined;

/** The library, loaded once. */
export function loadYamlLibrary(): YamlLibrary {
  loaded ??= (typeof require === "function" ? require("yaml") : createRequire(import.meta.url)("yaml")) as YamlLibrary;
  return loaded;
}

/** The offset behind a node's content, 0 for none. */
export function endOf(node: unknown): number {
  return (node as Node | null)?.range?.[1] ?? 0;
}

// The library's own guards, told by the mark that each node carries, so that they need no loaded library.
const NODE_TYPE = Symbol.for("yaml.node.type");
const typeOf = (node: unknown): unknown => (node as Record<symbol, unknown>)[NODE_TYPE];
/** A map, in blocks or in braces. */
export const isMap = (node: unknown): node is YAMLMap => typeOf(node) === Symbol.for("yaml.map");
/** A scalar of any style. */
export const isScalar = (node: unknown): node is Scalar => typeOf(node) === Symbol.for("yaml.scalar");
/** A `*name`. */
export const isAlias = (node: unknown): node is Alias => typeOf(node) === Symbol.for("yaml.alias");
/** A key with its value. */
export const isPair = (node: unknown): node is Pair => typeOf(node) === Symbol.for("yaml.pair");
