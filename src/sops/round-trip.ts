/**
 * dotenv and INI cannot hold every value, and sops writes what they cannot hold without a word: a backslash at the end
 * of an INI value swallows the next line. So what was written is read back before anyone relies on it.
 */
import { SecretsError } from "../errors.ts";
import { flatText } from "./flatten.ts";
import type { Store } from "./store.ts";
import type { KeyPath, MapNode, ValueNode } from "./tree.ts";

/** @throws SecretsError `E_NOT_REPRESENTABLE` with the first key path that would read back as something else. */
export function refuseLoss(store: Store, text: string, documents: readonly MapNode[]): void {
  if (store.format !== "dotenv" && store.format !== "ini") return;
  const lost = firstLoss(store, text, documents);
  if (lost === undefined) return;
  throw new SecretsError("E_NOT_REPRESENTABLE", `A value here cannot be written in the ${store.format} format.`, {
    location: { keyPath: lost },
    hint: "Encode the value, for example as base64, or keep it in a YAML or JSON document.",
  });
}

function firstLoss(store: Store, text: string, documents: readonly MapNode[]): KeyPath | undefined {
  const written = documents.flatMap((document) => leavesOf(document, []));
  let read: Leaf[];
  try {
    read = store.read(text).documents.flatMap((document) => leavesOf(document, []));
  } catch {
    read = [];
  }
  const count = Math.max(written.length, read.length);
  for (let i = 0; i < count; i++) {
    const a = written[i];
    const b = read[i];
    const same = a?.text === b?.text && a?.keyPath.join("\n") === b?.keyPath.join("\n");
    if (!same) return (a ?? b)?.keyPath;
  }
  return undefined;
}

interface Leaf {
  readonly keyPath: KeyPath;
  readonly text: string;
}

function leavesOf(node: ValueNode, keyPath: KeyPath): Leaf[] {
  if (node.kind === "scalar") return [{ keyPath, text: flatText(node.scalar) }];
  if (node.kind === "list") return [];
  return node.entries.flatMap((entry) =>
    entry.kind === "entry" ? leavesOf(entry.value, [...keyPath, entry.key]) : [],
  );
}
