/** Opening a document of either tier: bytes, data key, plain tree; and sealing a new one for its readers. */
import type { Keyring } from "../age/keyring.ts";
import { recipientId } from "../age/recipient.ts";
import { SecretsError } from "../errors.ts";
import { contentHash } from "../repo/change.ts";
import type { NewKey } from "../sops/create-file.ts";
import { type DataKeyOpener, type NoIdentityCause, openDataKey } from "../sops/datakey.ts";
import { decryptFile } from "../sops/decrypt-file.ts";
import { type MasterKey, recipientsOf } from "../sops/metadata.ts";
import { openWithGpg, sealWithGpg } from "../sops/pgp.ts";
import { parseSopsFile, type SopsFile } from "../sops/sops-file.ts";
import type { Format } from "../sops/store.ts";
import type { MapNode } from "../sops/tree.ts";
import { shortenKey } from "./reader-names.ts";
import type { Workplace } from "./workplace.ts";

export interface OpenDocument {
  readonly path: string;
  /** SHA-256 of the bytes that were read, lower-case hex: a transaction expects the file to be the same still. */
  readonly hash: string;
  readonly file: SopsFile;
  readonly dataKey: Uint8Array;
  /** The plain tree, its MAC verified. */
  readonly plain: readonly MapNode[];
}

/**
 * @param path relative to the fleet's root
 * @throws SecretsError with the path as its place; `E_NO_IDENTITY` says who could open it and which keys are here.
 */
export async function openDocument(workplace: Workplace, path: string, format: Format): Promise<OpenDocument> {
  const bytes = await workplace.ground.read(path);
  try {
    const file = parseSopsFile(bytes, format);
    const dataKey = await unlock(workplace, file);
    const { documents } = await decryptFile(file, dataKey);
    return { path, hash: contentHash(bytes), file, dataKey, plain: documents };
  } catch (error) {
    throw error instanceof SecretsError ? error.at({ file: path }) : error;
  }
}

/** The document's data key, by whichever identity of this person opens it. */
export async function unlock(workplace: Workplace, file: SopsFile): Promise<Uint8Array> {
  const keyring = await workplace.keyring();
  try {
    return await openDataKey(file, openerFor(workplace, keyring));
  } catch (error) {
    if (error instanceof SecretsError && error.code === "E_NO_IDENTITY")
      throw await explainLock(workplace, keyring, file, error);
    throw error;
  }
}

/** The port of the format to this person's keys: age entries go to the keyring, PGP entries to gpg. */
function openerFor(workplace: Workplace, keyring: Keyring): DataKeyOpener {
  return {
    open: async (key) => (key.type === "pgp" ? openWithGpg(key, workplace.gpg.run, workplace.gpg.program) : null),
    openAnyAge: (keys) => keyring.openAnyDataKey(keys.map((key) => ({ recipient: key.id, enc: key.enc }))),
  };
}

/** Wraps a data key for one reader of a new document. */
export async function sealFor(workplace: Workplace, key: NewKey, dataKey: Uint8Array): Promise<string> {
  if (key.type === "age") {
    const sealer = workplace.openSealer(1);
    try {
      return await sealer.seal(key.id, dataKey);
    } finally {
      await sealer.close();
    }
  }
  return sealWithGpg(key.id, dataKey, workplace.gpg.run, workplace.gpg.program);
}

/** In the reader's terms: who can open it, which keys are here, whom to ask. */
async function explainLock(
  workplace: Workplace,
  keyring: Keyring,
  file: SopsFile,
  error: SecretsError,
): Promise<SecretsError> {
  const fleet = await workplace.fleet().catch(() => undefined);
  const nameOf = (key: MasterKey): string => {
    const name = fleet?.principals.nameOf(key.type === "age" ? recipientId(key.id) : key.id);
    return name ?? `${key.type} ${shortenKey(key.id)}`;
  };
  const readers = recipientsOf(file.metadata).map(nameOf);
  const held = keyring.recipients().map((recipient) => {
    const name = fleet?.principals.nameOf(recipient);
    return name ?? shortenKey(recipient);
  });
  const plugins = [...new Set(keyring.places.flatMap((place) => place.plugins))].map((name) => `age-plugin-${name}`);
  const mine =
    held.length === 0 && plugins.length > 0
      ? `your keys are served by ${plugins.join(", ")}`
      : held.length === 0
        ? "no identity of yours was found"
        : `your keys are those of ${[...new Set(held)].join(", ")}`;
  const problems = keyring.places.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [`${name}: ${problem.message}`],
  );
  const plugin = pluginFault(error);
  const why = plugin === undefined ? "" : ` (${plugin.message})`;
  return new SecretsError("E_NO_IDENTITY", `this document is for ${readers.join(", ")}; ${mine}${why}`, {
    kind: "identity",
    hint: [
      ...problems,
      ...(plugin?.hint === undefined ? [] : [plugin.hint]),
      "secrets doctor shows where identities were looked for",
      "someone who can open it can give you access",
    ].join("\n"),
    cause: error.cause,
  });
}

/** In an `E_NO_IDENTITY`: a key on hardware that would have opened it, and why its program did not. */
export function pluginFault({ cause }: SecretsError): SecretsError | undefined {
  const faults = (cause as NoIdentityCause | undefined)?.faults ?? [];
  return faults.find(
    (fault): fault is SecretsError => fault instanceof SecretsError && fault.code.startsWith("E_AGE_PLUGIN"),
  );
}
