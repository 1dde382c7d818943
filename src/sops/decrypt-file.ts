/** The plain form of a document, its integrity verified. */
import { SecretsError } from "../errors.ts";
import { importDataKey } from "./cipher.ts";
import { decryptTree } from "./decrypt.ts";
import { openMac } from "./mac.ts";
import { compileSelector } from "./selectors.ts";
import type { SopsFile } from "./sops-file.ts";
import type { MapNode } from "./tree.ts";

export interface PlainFile {
  /** Each node's `origin` points into the encrypted tree, so that an edited copy can be written back with few changes. */
  readonly documents: readonly MapNode[];
}

/**
 * Decrypts every value and verifies the MAC; there is no way to skip that.
 * @param dataKey 32 bytes; keep them unchanged while the result is in use.
 * @throws SecretsError `E_MAC_MISMATCH`, `E_MAC_MISSING`, `E_VALUE_DAMAGED`, `E_VALUE_NOT_ENCRYPTED`, `E_DATA_KEY`,
 *   `E_METADATA` for a document without a version.
 */
export async function decryptFile(file: SopsFile, dataKey: Uint8Array): Promise<PlainFile> {
  const { metadata, stored } = file;
  if (metadata.version === "") {
    throw new SecretsError("E_METADATA", "The sops metadata of this document states no version.", {
      hint: "Restore it from git history; every sops since 2.0 writes a version.",
    });
  }
  const key = importDataKey(dataKey);
  const { documents, digest } = decryptTree(stored.documents, {
    rule: await compileSelector(metadata.selector),
    macOnlyEncrypted: metadata.macOnlyEncrypted,
    key,
    dataKey,
    text: stored.text,
  });
  if (metadata.mac === undefined) {
    throw new SecretsError("E_MAC_MISSING", "This document has no MAC, so nobody can tell whether it was changed.", {
      hint: "Restore it from git history.",
    });
  }
  if (openMac(metadata.mac, key, metadata.lastModified) !== digest) {
    throw new SecretsError("E_MAC_MISMATCH", "The MAC does not fit: the document was changed without its data key.", {
      hint: "Compare it with git history. After a merge, take one side's file and make the other change again.",
    });
  }
  return { documents };
}
