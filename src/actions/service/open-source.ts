/** A sops document from anywhere, opened with this person's keys. */
import { SecretsError } from "../../errors.ts";
import { decryptFile } from "../../sops/decrypt-file.ts";
import { parseSopsFile } from "../../sops/sops-file.ts";
import type { Format } from "../../sops/store.ts";
import type { MapNode } from "../../sops/tree.ts";
import { unlock } from "../document.ts";
import type { Workplace } from "../workplace.ts";

/**
 * The plain tree, its MAC verified.
 * @param shown the place of every error
 * @throws SecretsError `E_NO_IDENTITY`, and what a file that is no such document throws
 */
export async function openSource(
  workplace: Workplace,
  bytes: Uint8Array,
  format: Format,
  shown: string,
): Promise<readonly MapNode[]> {
  try {
    const file = parseSopsFile(bytes, format);
    const { documents } = await decryptFile(file, await unlock(workplace, file));
    return documents;
  } catch (error) {
    throw error instanceof SecretsError ? error.at({ file: shown }) : error;
  }
}
