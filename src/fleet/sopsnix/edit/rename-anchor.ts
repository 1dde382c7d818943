/** Another name for an anchor and for all aliases that mean it. */
import { refusal, refusalAt } from "./fault.ts";
import type { Source } from "./source.ts";
import type { Splice } from "./splice.ts";

export function renameAnchor(source: Source, from: string, to: string): Splice[] {
  refuseTaken(source, to);
  const splices = [...source.nodes, ...source.keys].flatMap((node): Splice[] => {
    if (node.kind === "alias")
      return node.name === from ? [{ start: node.content, end: node.end, text: `*${to}` }] : [];
    if (node.anchor?.name !== from) return [];
    return [{ start: node.anchor.start, end: node.anchor.start + 1 + from.length, text: `&${to}` }];
  });
  if (splices.length === 0)
    throw refusal("No anchor of that name is in this configuration.", 1, "Look at its spelling.");
  return splices;
}

/** @throws SecretsError `E_CONFIG_EDIT` for a name that is in use, or that YAML readers would not agree about */
export function refuseTaken(source: Source, name: string): void {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    throw refusal("An anchor is made of letters, digits, _ and -.", 1, "Choose another name.");
  }
  const taken = [...source.nodes, ...source.keys].find((node) => node.anchor?.name === name);
  if (taken !== undefined) {
    throw refusalAt(source, taken.start, "An anchor of that name is here already.", "Choose another name.");
  }
}
