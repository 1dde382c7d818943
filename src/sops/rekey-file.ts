/**
 * Other readers for a document, or another data key. A reader who joins costs one entry and leaves every other byte as
 * it is; a new data key encrypts every value anew.
 */
import { randomBytes } from "node:crypto";
import { SecretsError } from "../errors.ts";
import { importDataKey } from "./cipher.ts";
import type { NewKey } from "./create-file.ts";
import { decryptFile } from "./decrypt-file.ts";
import { openMac } from "./mac.ts";
import { type MasterKey, type MasterKeyType, type Metadata, readMetadata, recipientsOf, restamp } from "./metadata.ts";
import type { SealedKey } from "./metadata-layout.ts";
import { distinctReaders, readerName, sameReaders } from "./reader-name.ts";
import { changeReaders, hasFlatLists, type Seat } from "./rekey-metadata.ts";
import { sameValues } from "./same-tree.ts";
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
  /** Wraps the data key, or a share of it, for one reader; the text goes into the file as it is. */
  readonly seal: (key: NewKey, dataKey: Uint8Array) => Promise<string>;
}

type KeyGroups = Rekeying["keyGroups"];

/** Readers named in one message. */
const LISTED = 8;

/** Entries that nobody here can wrap for (KMS, vault): they forbid a new data key. */
export function foreignKeys(metadata: Metadata): readonly MasterKey[] {
  return recipientsOf(metadata).filter((key) => !isOwn(key));
}

/**
 * Within one group and with the old data key, the entries of readers that stay keep their bytes, and so does all else;
 * of a reader who is named twice the first entry stays. A split data key is split anew, and sealed anew to everybody,
 * whenever the members, the order or the number of its groups change, or their threshold: the shares of two splits do
 * not fit together.
 *
 * @param dataKey what `openDataKey` gave for this file
 * @returns the new text, and the data key that it is encrypted with
 * @throws SecretsError `E_NO_RECIPIENTS`; `E_CANNOT_WRAP` for readers that would have to be sealed to and cannot;
 *   `E_SHAMIR`; `E_DATA_KEY`; `E_MAC_MISMATCH` for the data key of another document; for a new data key whatever
 *   `decryptFile` and `updateFile` throw; what `seal` throws; `E_NOT_REPRESENTABLE` if the new text, read back, does
 *   not say what was meant.
 */
export async function rekeyFile(
  file: SopsFile,
  dataKey: Uint8Array,
  rekeying: Rekeying,
): Promise<{ text: string; dataKey: Uint8Array }> {
  const groups = rekeying.keyGroups.map(distinctReaders);
  refuseEmpty(groups);
  if (rekeying.freshDataKey) return renewDataKey(file, dataKey, groups, rekeying);
  refuseOtherDataKey(file.metadata, dataKey);
  const tree = await sealTo(groups, file.metadata, dataKey, rekeying);
  const { text } = writeProven(file, file.stored.documents, tree, groups);
  return { text, dataKey };
}

async function renewDataKey(
  file: SopsFile,
  dataKey: Uint8Array,
  groups: KeyGroups,
  rekeying: Rekeying,
): Promise<{ text: string; dataKey: Uint8Array }> {
  const { documents: plain } = await decryptFile(file, dataKey);
  const fresh = randomBytes(32);
  const sealed = await sealTo(groups, file.metadata, fresh, rekeying);
  const { documents, mac, lastModified } = await encryptDocuments(file, plain, fresh, rekeying.now);
  const tree = restamp(sealed, mac, lastModified);
  const { text, written } = writeProven(file, documents, tree, groups);
  // Nothing of the old ciphertext is left to fall back on, so it is opened once more before it may replace it.
  await decryptFile(written, fresh);
  return { text, dataKey: fresh };
}

/** The metadata with the data key sealed to these readers. */
async function sealTo(
  groups: KeyGroups,
  metadata: Metadata,
  dataKey: Uint8Array,
  rekeying: Rekeying,
): Promise<MapNode> {
  const threshold = rekeying.shamirThreshold || groups.length;
  const whole = groups.length === 1 && hasFlatLists(metadata.tree);
  if (!whole && !rekeying.freshDataKey && isAsWanted(metadata, groups, threshold)) return metadata.tree;
  const anew = !whole || rekeying.freshDataKey;
  const present = groups.map((_, i) => Map.groupBy(metadata.keyGroups[i] ?? [], readerName));
  const isSealed = (key: ReaderKey, i: number) => anew || present[i]?.has(readerName(key)) !== true;
  refuseForeign(
    groups.flatMap((group, i) => group.filter((key) => !isOwn(key) && isSealed(key, i))),
    anew,
  );
  const parts = groups.length === 1 ? [dataKey] : splitSecret(dataKey, groups.length, threshold);
  const seatsOf = async (key: ReaderKey, i: number): Promise<Seat[]> => {
    const entries = (present[i]?.get(readerName(key)) ?? []).map(({ node }) => node);
    // Two entries of a key elsewhere may differ in what we do not look at: role, context, region.
    if (!isOwn(key)) return entries.map((entry) => ({ entry }));
    const [entry] = entries;
    const sealed = isSealed(key, i) ? await sealOne(key, parts[i] ?? dataKey, rekeying) : undefined;
    return [{ entry, sealed }];
  };
  const seats = await Promise.all(groups.map((group, i) => Promise.all(group.map((key) => seatsOf(key, i)))));
  return changeReaders(
    metadata.tree,
    seats.map((group) => group.flat()),
    threshold,
  );
}

async function sealOne({ type, id }: NewKey, dataKey: Uint8Array, { seal, now }: Rekeying): Promise<SealedKey> {
  return { type, id, enc: await seal({ type, id }, dataKey), createdAt: dateOf(now) };
}

function isAsWanted({ keyGroups, shamirThreshold }: Metadata, groups: KeyGroups, threshold: number): boolean {
  const once = keyGroups.every((group) => distinctReaders(group).length === group.length);
  return once && sameReaders(keyGroups, groups) && (shamirThreshold || keyGroups.length) === threshold;
}

function isOwn<T extends ReaderKey>(key: T): key is T & NewKey {
  return key.type === "age" || key.type === "pgp";
}

/** Whoever hands in a data key of his own making must not have it sealed to the others as this document's. */
function refuseOtherDataKey({ mac, lastModified }: Metadata, dataKey: Uint8Array): void {
  const key = importDataKey(dataKey);
  if (mac !== undefined && openMac(mac, key, lastModified) !== undefined) return;
  throw new SecretsError("E_MAC_MISMATCH", "The data key does not open the MAC of this document.", {
    hint: "Its metadata was changed or mixed with another document's: compare it with git history, and restore it from there.",
  });
}

function refuseEmpty(groups: KeyGroups): void {
  if (groups.length > 0 && groups.every((group) => group.length > 0)) return;
  throw new SecretsError("E_NO_RECIPIENTS", "A document needs at least one reader in every key group.", {
    hint: "Name who shall read it, or remove the document.",
  });
}

/** @param anew everything has to be sealed anew, not only what is sealed to these */
function refuseForeign(keys: readonly ReaderKey[], anew: boolean): void {
  if (keys.length === 0) return;
  const names = keys.slice(0, LISTED).map(({ type, id }) => `${type} ${id}`);
  const all = [...names, ...(keys.length > LISTED ? [`${keys.length - LISTED} more`] : [])].join(", ");
  if (anew) {
    throw new SecretsError(
      "E_CANNOT_WRAP",
      `A new data key or share would have to be sealed by a service that is not reached from here: ${all}.`,
      {
        hint: "keep the data key, if it is not split: --keep-data-key\nor make a new one where the credentials are: sops rotate --in-place PATH",
      },
    );
  }
  throw new SecretsError("E_CANNOT_WRAP", `These readers can only be added where their service is reached: ${all}.`, {
    hint: "with the credentials of that service: sops updatekeys PATH",
  });
}

/**
 * The new text, and what it says when it is read: what was meant, whatever a layout, an id or a wrapped key did to it.
 * @throws SecretsError `E_NOT_REPRESENTABLE`, `E_TOO_LARGE`
 */
function writeProven(
  file: SopsFile,
  documents: readonly MapNode[],
  tree: MapNode,
  groups: KeyGroups,
): { text: string; written: SopsFile } {
  let cause: unknown;
  // One reading is proof enough. Only where it finds something else than what was meant is the text written with more
  // care; several documents may each hold a copy of the metadata, which only the store compares.
  for (const unverified of documents.length === 1 ? [true, false] : [false]) {
    const text = writeText(file, documents, tree, { unverified });
    try {
      const written = parseSopsFile(Buffer.from(text, "utf8"), file.format);
      if (saysWhatWasMeant(written, documents, tree, groups)) return { text, written };
      cause = undefined;
    } catch (error) {
      if (!(error instanceof SecretsError)) throw error;
      cause = error;
    }
  }
  throw new SecretsError("E_NOT_REPRESENTABLE", "The metadata of this document cannot carry these readers.", {
    hint: "Look for line breaks or other odd signs in the keys; or let sops write the file once: sops rotate --in-place PATH",
    cause,
  });
}

function saysWhatWasMeant(
  { format, stored, metadata }: SopsFile,
  documents: readonly MapNode[],
  tree: MapNode,
  groups: KeyGroups,
): boolean {
  if (!sameReaders(metadata.keyGroups, groups)) return false;
  // dotenv and INI have no types: there a number reads back as text, and `writeText` has compared the values.
  const untyped = format === "dotenv" || format === "ini";
  if (untyped) return spell(metadata) === spell(readMetadata(tree));
  return sameValues(metadata.tree, tree) && sameDocuments(stored.documents, documents);
}

function sameDocuments(some: readonly MapNode[], others: readonly MapNode[]): boolean {
  if (some.length !== others.length) return false;
  return some.every((document, i) => {
    const other = others[i];
    return other !== undefined && sameValues(document, other);
  });
}

function spell({ keyGroups, tree: _, ...rest }: Metadata): string {
  return JSON.stringify([rest, keyGroups.map((group) => group.map(({ node: _, ...key }) => key))]);
}
