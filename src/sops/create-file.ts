/** A new encrypted document, laid out as sops 3.13.3 writes it. */
import { randomBytes } from "node:crypto";
import { SecretsError } from "../errors.ts";
import { importDataKey } from "./cipher.ts";
import { encryptTree } from "./encrypt.ts";
import { sealMac } from "./mac.ts";
import { layOutMetadata, type SealedKey } from "./metadata-layout.ts";
import { refuseReservedKey } from "./reserved-key.ts";
import { refuseLoss } from "./round-trip.ts";
import { compileSelector, DEFAULT_SELECTOR, refuseBadSelector, type Selector } from "./selectors.ts";
import { splitSecret } from "./shamir.ts";
import type { Format, WriteOptions } from "./store.ts";
import { storeFor } from "./stores.ts";
import { refuseTooLarge } from "./text.ts";
import type { CommentNode, EntryNode, MapNode, ValueNode } from "./tree.ts";
import { dateOf } from "./update-file.ts";

/** A reader of a new document. Other key types are kept in old documents, not put into new ones. */
export interface NewKey {
  readonly type: "age" | "pgp";
  /** age or SSH recipient, or PGP fingerprint. */
  readonly id: string;
}

export interface NewFile {
  readonly format: Format;
  readonly documents: readonly MapNode[];
  /** One group: everyone in it opens the document. Several: the data key is split among them. */
  readonly keyGroups: readonly (readonly NewKey[])[];
  /** How many groups are needed; all of them when left out. */
  readonly shamirThreshold?: number;
  readonly selector?: Selector;
  readonly macOnlyEncrypted?: boolean;
  /** Blanks per level, as the `stores` section of `.sops.yaml` counts them. */
  readonly indent?: number;
  readonly now: Date;
  /** Wraps the data key, or a share of it, for one reader; the text goes into the file as it is. */
  readonly seal: (key: NewKey, dataKey: Uint8Array) => Promise<string>;
}

/**
 * @throws SecretsError `E_NO_RECIPIENTS` for no group or an empty one, `E_SHAMIR`, `E_SELECTOR`,
 *   `E_SELECTOR_AMBIGUOUS`, `E_NOT_REPRESENTABLE`, `E_RESERVED_KEY`, `E_TOO_LARGE`, and whatever `seal` throws.
 */
export async function createFile(file: NewFile): Promise<string> {
  const { format, now } = file;
  refuseEmptyGroups(file.keyGroups);
  refuseReservedKey(format, file.documents);
  // sops ignores both for binary documents: a selector could leave the whole content in clear.
  const selector = format === "binary" ? DEFAULT_SELECTOR : (file.selector ?? DEFAULT_SELECTOR);
  const macOnlyEncrypted = format !== "binary" && (file.macOnlyEncrypted ?? false);
  await refuseBadSelector(selector);
  const dataKey = randomBytes(32);
  const threshold = file.shamirThreshold || file.keyGroups.length;
  const groups = await sealGroups(file, dataKey, threshold);
  const key = importDataKey(dataKey);
  const rule = await compileSelector(selector);
  const { documents, digest } = encryptTree(file.documents.map(mapWithoutOrigin), {
    rule,
    macOnlyEncrypted,
    key,
    dataKey,
  });
  const lastModified = dateOf(now);
  const metadata = layOutMetadata({
    groups,
    shamirThreshold: threshold,
    lastModified,
    mac: sealMac(digest, key, lastModified),
    selector: format === "binary" ? undefined : selector,
    macOnlyEncrypted,
  });
  const store = storeFor(format);
  const options: WriteOptions = file.indent === undefined ? {} : { indent: file.indent };
  const text = store.write(documents, metadata, options);
  refuseTooLarge(Buffer.byteLength(text, "utf8"));
  refuseLoss(store, text, documents);
  return text;
}

async function sealGroups(file: NewFile, dataKey: Uint8Array, threshold: number): Promise<SealedKey[][]> {
  const { keyGroups } = file;
  const parts = keyGroups.length === 1 ? [dataKey] : splitSecret(dataKey, keyGroups.length, threshold);
  const createdAt = dateOf(file.now);
  return Promise.all(
    keyGroups.map((group, i) =>
      Promise.all(
        group.map(async (key): Promise<SealedKey> => {
          const enc = await file.seal(key, parts[i] ?? dataKey);
          return { type: key.type, id: key.id, enc, createdAt };
        }),
      ),
    ),
  );
}

function refuseEmptyGroups(groups: readonly (readonly NewKey[])[]): void {
  if (groups.length > 0 && groups.every((group) => group.length > 0)) return;
  throw new SecretsError("E_NO_RECIPIENTS", "A new document needs at least one recipient in every key group.", {
    hint: "Name the readers in the creation rule of .sops.yaml that covers this path.",
  });
}

/** A tree that was decrypted from another document must not bring that document's nodes along. */
function mapWithoutOrigin(map: MapNode): MapNode {
  return {
    kind: "map",
    entries: map.entries.map((entry) => (entry.kind === "entry" ? entryWithoutOrigin(entry) : bare(entry))),
  };
}

function entryWithoutOrigin(entry: EntryNode): EntryNode {
  return { kind: "entry", key: entry.key, value: valueWithoutOrigin(entry.value) };
}

function valueWithoutOrigin(value: ValueNode): ValueNode {
  if (value.kind === "scalar") return { kind: "scalar", scalar: value.scalar };
  if (value.kind === "map") return mapWithoutOrigin(value);
  return {
    kind: "list",
    items: value.items.map((item) => (item.kind === "comment" ? bare(item) : valueWithoutOrigin(item))),
  };
}

function bare(comment: CommentNode): CommentNode {
  return { kind: "comment", text: comment.text, ...(comment.inline === undefined ? {} : { inline: comment.inline }) };
}
