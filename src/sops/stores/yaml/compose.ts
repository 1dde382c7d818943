import type { MapNode } from "../../tree.ts";
import { yamlFault } from "./fault.ts";

/** Reads what the fast reader leaves. */
export function composeDocuments(text: string): MapNode[] {
  throw yamlFault("E_YAML_SYNTAX", "This form of YAML is not read yet.", text, 0);
}
