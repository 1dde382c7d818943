import type { MapNode } from "../../tree.ts";
import { composeDocuments } from "./compose.ts";
import { checkCharacters } from "./limits.ts";
import { scanDocuments } from "./scan.ts";

/**
 * The documents of a YAML text, metadata included, by the fast reader where it can.
 * @throws SecretsError with an E_YAML_… code, line and column; always in bounded time and memory.
 */
export function readDocuments(text: string): MapNode[] {
  checkCharacters(text);
  return scanDocuments(text) ?? composeDocuments(text);
}
