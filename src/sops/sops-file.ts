/** An encrypted document as it stands on disk: parsed, its metadata understood, nothing opened. Needs no key. */
import { SecretsError } from "../errors.ts";
import { type Metadata, readMetadata } from "./metadata.ts";
import type { Format, StoredFile } from "./store.ts";
import { storeFor } from "./stores.ts";
import { decodeText } from "./text.ts";

export interface SopsFile {
  readonly format: Format;
  readonly stored: StoredFile;
  readonly metadata: Metadata;
  /** A byte order mark stood in front of the text; an update keeps it. */
  readonly bom: boolean;
}

/**
 * @throws SecretsError `E_NOT_ENCRYPTED` when there is no sops metadata, `E_METADATA` when it is damaged, and what the
 *   format's store throws for text that is not of that format.
 */
export function parseSopsFile(bytes: Uint8Array, format: Format): SopsFile {
  const { text, bom } = decodeText(bytes);
  const stored = storeFor(format).read(text);
  if (stored.metadata === undefined) {
    throw new SecretsError("E_NOT_ENCRYPTED", "This document has no sops metadata: it is not encrypted.", {
      hint: "Encrypt it, or take it out of the paths that the policy covers.",
    });
  }
  return { format, stored, metadata: readMetadata(stored.metadata), bom };
}
