/**
 * Other readers for a document, or another data key. A reader who joins costs one entry and leaves every other byte as
 * it is; a new data key encrypts every value anew.
 */
import { randomBytes } from "node:crypto";
import { recipientId } from "../age/recipient.ts";
import { SecretsError } from "../errors.ts";
import type { NewKey } from "./create-file.ts";
import { decryptFile } from "./decrypt-file.ts";
import { type MasterKey, type MasterKeyType, type Metadata, recipientsOf, restamp } from "./metadata.ts";
import type { SealedKey } from "./metadata-layout.ts";
import { changeFlatLists, replaceGroups } from "./rekey-metadata.ts";
import { splitSecret } from "./shamir.ts";
import { parseSopsFile, type SopsFile } from "./sops-file.ts";
import type { MapNode } from "./tree.ts";
import { dateOf, encryptDocuments, writeText } from "./update-file.ts";

/** A reader as the file shall name it: age or SSH recipient, PGP fingerprint, or what names a key elsewhere. */
export interface ReaderKey {
  readonly type: MasterKeyType;
  readonly id: string;
}

export interface Rekeying {
  /** The readers that the document shall have. One group: flat lists; several: the data key is split among them. */
  readonly keyGroups: readonly (readonly ReaderKey[])[];
  /** How many groups are needed; all of them when left out or 0. */
  readonly shamirThreshold?: number;
  /** A new data key: every value, every comment and the MAC are sealed anew, and the date is `now`. */
  readonly freshDataKey: boolean;
  readonly now: Date;
  readonly seal: (key: NewKey, dataKey: Uint8Array) => Promise<string>;
}

/** Entries that nobody here can wrap for (KMS, vault): they forbid a new data key. */
export function foreignKeys(metadata: Metadata): readonly MasterKey[] {
  return recipientsOf(metadata).filter(isForeign);
}

/**
 * Within one group and with the old data key, the entries of readers that stay keep their bytes, and so does all else.
 * A split data key is split anew whenever its groups change: every share is another one then.
 *
 * @returns the new text, and the data key that it is encrypted with
 * @throws SecretsError `E_CANNOT_WRAP` for a reader that would have to be sealed to and cannot, `E_NO_RECIPIENTS`,
 *   `E_DATA_KEY`, what `decryptFile` throws for a new data key, and what `seal` throws.
 */
export async function rekeyFile(
  file: SopsFile,
  dataKey: Uint8Array,
  rekeying: Rekeying,
): Promise<{ text: string; dataKey: Uint8Array }> {
  if (dataKey.length !== 32)
    throw new SecretsError("E_DATA_KEY", "The data key of this document is not 32 bytes long.");
  const groups = rekeying.keyGroups.map(distinct);
  refuseEmpty(groups);
  const { metadata } = file;
  const flat = groups.length === 1 && metadata.keyGroups.length === 1;
  if (rekeying.freshDataKey) {
    const { documents: plain } = await decryptFile(file, dataKey);
    const fresh = randomBytes(32);
    const tree = await sealAll(metadata, groups, fresh, rekeying);
    const { documents, mac, lastModified } = await encryptDocuments(file, plain, fresh, rekeying.now);
    return { text: verified(file, documents, restamp(tree, mac, lastModified), groups), dataKey: fresh };
  }
  if (!flat && sameGroups(metadata, groups, thresholdOf(rekeying)))
    return { text: verified(file, file.stored.documents, metadata.tree, groups), dataKey };
  const tree = flat
    ? await sealAdded(metadata, groups[0] ?? [], dataKey, rekeying)
    : await sealAll(metadata, groups, dataKey, rekeying);
  return { text: verified(file, file.stored.documents, tree, groups), dataKey };
}

async function sealAdded(
  metadata: Metadata,
  wanted: readonly ReaderKey[],
  dataKey: Uint8Array,
  rekeying: Rekeying,
): Promise<MapNode> {
  const names = new Set(wanted.map(nameOf));
  const present = new Map<string, MapNode>();
  // Of a reader that is named twice the first entry stays.
  for (const key of recipientsOf(metadata)) if (!present.has(nameOf(key))) present.set(nameOf(key), key.node);
  const kept = new Set([...present].flatMap(([name, node]) => (names.has(name) ? [node] : [])));
  const added = wanted.filter((key) => !present.has(nameOf(key)));
  const known = new Set(recipientsOf(metadata).map(({ node }) => node));
  const sealed = await Promise.all(added.map((key) => sealOne(key, dataKey, rekeying, false)));
  return changeFlatLists(metadata.tree, (node) => !known.has(node) || kept.has(node), sealed);
}

async function sealAll(
  metadata: Metadata,
  groups: readonly (readonly ReaderKey[])[],
  dataKey: Uint8Array,
  rekeying: Rekeying,
): Promise<MapNode> {
  const threshold = thresholdOf(rekeying);
  const parts = groups.length === 1 ? [dataKey] : splitSecret(dataKey, groups.length, threshold);
  const sealed = await Promise.all(
    groups.map((group, i) =>
      Promise.all(group.map((key) => sealOne(key, parts[i] ?? dataKey, rekeying, rekeying.freshDataKey))),
    ),
  );
  return replaceGroups(metadata.tree, sealed, threshold);
}

async function sealOne(
  key: ReaderKey,
  dataKey: Uint8Array,
  { seal, now }: Rekeying,
  fresh: boolean,
): Promise<SealedKey> {
  if (key.type !== "age" && key.type !== "pgp") throw cannotWrap(key, fresh);
  const enc = await seal({ type: key.type, id: key.id }, dataKey);
  return { type: key.type, id: key.id, enc, createdAt: dateOf(now) };
}

function cannotWrap({ type, id }: ReaderKey, fresh: boolean): SecretsError {
  return fresh
    ? new SecretsError("E_CANNOT_WRAP", `A new data key cannot be sealed to the ${type} key ${id} from here.`, {
        hint: "keep the data key: --keep-data-key\nor make a new one where the credentials of that key are: sops rotate --in-place PATH",
      })
    : new SecretsError("E_CANNOT_WRAP", `This document cannot be sealed to the ${type} key ${id} from here.`, {
        hint: "do it where the credentials of that key are: sops updatekeys PATH",
      });
}

/** Reads the new text back: its readers must be the wanted ones, whatever became of the layout. */
function verified(
  file: SopsFile,
  documents: readonly MapNode[],
  tree: MapNode,
  groups: readonly (readonly ReaderKey[])[],
): string {
  const text = writeText(file, documents, tree);
  const { metadata } = parseSopsFile(Buffer.from(text, "utf8"), file.format);
  const spell = (all: readonly (readonly ReaderKey[])[]) =>
    JSON.stringify(all.map((group) => group.map(nameOf).sort()));
  if (spell(metadata.keyGroups) === spell(groups)) return text;
  throw new SecretsError("E_NOT_REPRESENTABLE", "The layout of this document's metadata cannot carry these readers.", {
    hint: "Let sops write it once (sops rotate --in-place PATH), then try again.",
  });
}

function sameGroups(metadata: Metadata, groups: readonly (readonly ReaderKey[])[], threshold: number): boolean {
  const spell = (all: readonly (readonly ReaderKey[])[]) =>
    JSON.stringify(all.map((group) => group.map(nameOf).sort()));
  const needed = metadata.shamirThreshold === 0 ? metadata.keyGroups.length : metadata.shamirThreshold;
  return spell(metadata.keyGroups) === spell(groups) && needed === threshold;
}

function thresholdOf({ shamirThreshold, keyGroups }: Rekeying): number {
  return shamirThreshold === undefined || shamirThreshold === 0 ? keyGroups.length : shamirThreshold;
}

function refuseEmpty(groups: readonly (readonly ReaderKey[])[]): void {
  if (groups.length > 0 && groups.every((group) => group.length > 0)) return;
  throw new SecretsError("E_NO_RECIPIENTS", "A document needs at least one reader in every key group.", {
    hint: "Name who shall read it, or remove the document.",
  });
}

function distinct(keys: readonly ReaderKey[]): ReaderKey[] {
  const seen = new Set<string>();
  return keys.filter((key) => !seen.has(nameOf(key)) && seen.add(nameOf(key)));
}

function isForeign({ type }: ReaderKey): boolean {
  return type !== "age" && type !== "pgp";
}

/** One reader under one name, however it is spelled. */
function nameOf({ type, id }: ReaderKey): string {
  if (type === "age") return `age ${recipientId(id)}`;
  return type === "pgp" ? `pgp ${id.replace(/\s+/g, "").toUpperCase()}` : `${type} ${id}`;
}
