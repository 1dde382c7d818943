/** A changed document as new text: only the changed lines, the MAC and the date differ from the old. */
import { importDataKey } from "./cipher.ts";
import { encryptTree } from "./encrypt.ts";
import { sealMac } from "./mac.ts";
import { restamp } from "./metadata.ts";
import { refuseReservedKey } from "./reserved-key.ts";
import { refuseLoss } from "./round-trip.ts";
import { compileSelector } from "./selectors.ts";
import type { SopsFile } from "./sops-file.ts";
import type { WriteOptions } from "./store.ts";
import { storeFor } from "./stores.ts";
import { refuseTooLarge } from "./text.ts";
import type { MapNode } from "./tree.ts";

/**
 * @param plain the documents of `decryptFile`, changed by `setAt` and `removeAt` or paired with freshly parsed ones.
 * @param dataKey the key that `decryptFile` was given: values keep their ciphertext only under the same key.
 * @param now written as the document's date, to the second.
 * @returns the whole new text; metadata other than MAC and date, the version included, stays as it was.
 * @throws SecretsError `E_NOT_REPRESENTABLE` for a value that the format cannot hold, `E_SELECTOR_AMBIGUOUS`,
 *   `E_RESERVED_KEY`, `E_TOO_LARGE`.
 */
export async function updateFile(
  file: SopsFile,
  plain: readonly MapNode[],
  dataKey: Uint8Array,
  now: Date,
): Promise<string> {
  refuseReservedKey(file.format, plain);
  const { documents, mac, lastModified } = await encryptDocuments(file, plain, dataKey, now);
  return writeText(file, documents, restamp(file.metadata.tree, mac, lastModified));
}

/** The encrypted tree with its MAC, by the selector of `file`. */
export async function encryptDocuments(
  { metadata }: SopsFile,
  plain: readonly MapNode[],
  dataKey: Uint8Array,
  now: Date,
): Promise<{ documents: readonly MapNode[]; mac: string; lastModified: string }> {
  const key = importDataKey(dataKey);
  const { documents, digest } = encryptTree(plain, {
    rule: await compileSelector(metadata.selector),
    macOnlyEncrypted: metadata.macOnlyEncrypted,
    key,
    dataKey,
  });
  const lastModified = dateOf(now);
  return { documents, mac: sealMac(digest, key, lastModified), lastModified };
}

/** The new text of a file: what is the same object as before keeps its characters. @throws SecretsError `E_TOO_LARGE` */
export function writeText(
  file: SopsFile,
  documents: readonly MapNode[],
  metadata: MapNode,
  options: WriteOptions = {},
): string {
  const store = storeFor(file.format);
  const text = store.rewrite(file.stored, documents, metadata, options);
  refuseTooLarge(Buffer.byteLength(text, "utf8"));
  refuseLoss(store, text, documents);
  return file.bom ? `\ufeff${text}` : text;
}

/** RFC 3339 in UTC to the second, as sops writes dates. */
export function dateOf(now: Date): string {
  return now.toISOString().replace(/\.\d+/, "");
}
