/** One session with a plugin for many documents: somebody whose key is on a token enters one PIN for all of them. */
import type { DataKeyEntry } from "../age/data-key.ts";
import { SecretsError } from "../errors.ts";
import type { FleetDocument } from "../fleet/document.ts";
import { parseSopsFile } from "../sops/sops-file.ts";
import type { Workplace } from "./workplace.ts";

/**
 * To be called before documents are opened one by one. Reads those only that a plugin's key may be needed for; does
 * nothing for one alone, and nothing for whoever has no such key.
 *
 * @param only looks at the entries of these recipients; by default at all
 * @throws SecretsError of kind `interrupted` if the person stops the run at a prompt; all else is told where a document
 *   is opened
 */
export async function askPlugins(
  workplace: Workplace,
  documents: readonly FleetDocument[],
  only: (recipient: string) => boolean = () => true,
): Promise<void> {
  if (documents.length < 2) return;
  const keyring = await workplace.keyring();
  if (!keyring.hasPlugins()) return;
  const entries: DataKeyEntry[][] = [];
  for (const document of documents) {
    if (document.readers.some(({ type, id }) => type === "age" && only(id) && keyring.isForPlugin(id)))
      entries.push((await entriesOf(workplace, document)).filter(({ recipient }) => only(recipient)));
  }
  await keyring.askPlugins(entries);
}

/** Shares of a split data key are left out: which of them will be needed is not known yet. */
async function entriesOf(workplace: Workplace, { path, format }: FleetDocument): Promise<DataKeyEntry[]> {
  try {
    const { metadata } = parseSopsFile(await workplace.ground.read(path), format);
    const [group = [], ...others] = metadata.keyGroups;
    if (others.length > 0) return [];
    return group.flatMap(({ type, id, enc }) => (type === "age" ? [{ recipient: id, enc }] : []));
  } catch (error) {
    if (error instanceof SecretsError) return [];
    throw error;
  }
}
