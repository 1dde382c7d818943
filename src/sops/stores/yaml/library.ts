/**
 * The `yaml` library, loaded on first use: files in sops' own form never need it, and loading it costs more time than
 * reading them. The store's `read` is synchronous, so a dynamic import will not do. In the bundle `require` is the
 * bundler's, and the library a function that has not run; from sources there is only Node's.
 */
import { createRequire } from "node:module";

export type YamlLibrary = typeof import("yaml");

let loaded: YamlLibrary | undefined;

/** The library, loaded once. */
export function loadYamlLibrary(): YamlLibrary {
  loaded ??= (typeof require === "function" ? require("yaml") : createRequire(import.meta.url)("yaml")) as YamlLibrary;
  return loaded;
}
