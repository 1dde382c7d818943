/** The one name that a document's content must not use: sops keeps its metadata there. */
import { SecretsError } from "../errors.ts";
import type { Format } from "./store.ts";
import type { MapNode } from "./tree.ts";

/** @throws SecretsError `E_RESERVED_KEY` for a top-level key that would be read back as metadata. */
export function refuseReservedKey(format: Format, documents: readonly MapNode[]): void {
  for (const document of documents) {
    for (const entry of document.entries) {
      if (entry.kind === "entry" && isReserved(format, entry.key)) throw reservedKey(entry.key);
    }
  }
}

function isReserved(format: Format, key: string): boolean {
  return format === "dotenv" ? key.startsWith("sops_") : key === "sops";
}

export function reservedKey(key: string): SecretsError {
  return new SecretsError("E_RESERVED_KEY", "A top-level key uses the name under which sops keeps its metadata.", {
    location: { keyPath: [key] },
    hint: "Rename the key; below the top level the name is free.",
  });
}
