/** The plain form of a document as a person reads and edits it, and back. */
import { SecretsError } from "../errors.ts";
import { pair } from "./pair.ts";
import { refuseReservedKey, reservedKey } from "./reserved-key.ts";
import type { Format } from "./store.ts";
import { binaryOfBytes, bytesOfBinary } from "./stores/binary.ts";
import { storeFor } from "./stores.ts";
import { decodeText } from "./text.ts";
import type { MapNode } from "./tree.ts";

/**
 * What `sops decrypt` prints, to the byte.
 * @throws SecretsError `E_BINARY_TEXT` for binary content that is not text; take {@link plainBytes} for that.
 */
export function plainText(format: Format, documents: readonly MapNode[]): string {
  return storeFor(format).write(documents, undefined);
}

/** {@link plainText} as bytes; also for binary documents of any content. */
export function plainBytes(format: Format, documents: readonly MapNode[]): Uint8Array {
  return format === "binary" ? bytesOfBinary(documents) : Buffer.from(plainText(format, documents), "utf8");
}

/**
 * What a person saved in the editor, or a file that is to be encrypted.
 * @throws SecretsError `E_RESERVED_KEY` for a top-level `sops` key, and what the format's store throws for text that
 *   is not of that format, with line and column.
 */
export function parsePlain(content: string | Uint8Array, format: Format): MapNode[] {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  if (format === "binary") return [binaryOfBytes(bytes)];
  const stored = storeFor(format).read(decodeText(bytes).text);
  if (stored.metadata !== undefined) throw reservedKey(format === "dotenv" ? "sops_" : "sops");
  refuseReservedKey(format, stored.documents);
  return [...stored.documents];
}

/**
 * The text to open in an editor: {@link plainBytes}, after making sure that saving it untouched changes nothing.
 * @throws SecretsError `E_NOT_EDITABLE` when this format shows a value in a way that reads back as another one.
 */
export function editableBytes(format: Format, documents: readonly MapNode[]): Uint8Array {
  const bytes = plainBytes(format, documents);
  let same = false;
  try {
    const again = pair(documents, parsePlain(bytes, format), format);
    same = again.length === documents.length && again.every((document, i) => document === documents[i]);
  } catch {
    // Text that cannot even be read again is the clearest case of all.
  }
  if (same) return bytes;
  throw new SecretsError(
    "E_NOT_EDITABLE",
    `This document holds a value that the ${format} format cannot show faithfully.`,
    {
      hint: "Change single values with 'secrets set' instead of editing the whole document.",
    },
  );
}
