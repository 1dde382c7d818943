/** One encrypted file of the fleet: what can be known of it without a key. Its text and tree are not kept. */
import { recipientId } from "../age/recipient.ts";
import { clearLeaves } from "../sops/clear-leaves.ts";
import { formatKeyPath } from "../sops/key-path.ts";
import { type MasterKey, type MasterKeyType, recipientsOf } from "../sops/metadata.ts";
import { parseSopsFile } from "../sops/sops-file.ts";
import type { Format } from "../sops/store.ts";
import { positionAt } from "../sops/text.ts";
import type { ListNode, MapNode, ValueNode } from "../sops/tree.ts";
import type { Address } from "./address.ts";
import { detach } from "./detach.ts";
import { fingerprintId } from "./fingerprint.ts";
import type { Policy } from "./policy.ts";
import { type Shares, sharesOf } from "./shares.ts";

export interface FleetDocument {
  readonly tier: "vars" | "files";
  /** What a person types, and its parts. */
  readonly address: string;
  readonly parts: Address;
  /** Of the file, relative to the root. */
  readonly path: string;
  readonly format: Format;
  /** Formatted key paths of all values, in the order of the file; empty for binary documents. */
  readonly keys: readonly string[];
  /** Who can open it. */
  readonly readers: readonly Reader[];
  /** Undefined: each reader opens it alone. */
  readonly shares?: Shares;
  /** Who should. */
  readonly policy: Policy;
  /** Ids of those who should and cannot. Empty without a policy. */
  readonly missing: readonly string[];
  /** Ids of those who can and should not. Empty without a policy. */
  readonly extra: readonly string[];
  /** What stands in clear although the document's selector wants it encrypted. */
  readonly clear: readonly ClearPlace[];
  /** Of sops, as the file states it; empty if it does not. */
  readonly version: string;
  /** RFC 3339. */
  readonly lastModified: string;
}

export interface Reader {
  readonly type: MasterKeyType;
  /** Canonical. */
  readonly id: string;
  /** Undefined for a key of nobody in the fleet. */
  readonly name?: string;
}

export interface ClearPlace {
  /** From 1. */
  readonly line: number;
  /** Formatted; of a comment, the map or list that it stands in. */
  readonly keyPath: string;
  readonly kind: "value" | "comment";
}

/** What the file itself says, before policy and names. */
export type DocumentFacts = Pick<
  FleetDocument,
  "format" | "keys" | "readers" | "shares" | "clear" | "version" | "lastModified"
>;

/** Ten thousand documents have the same few readers: each reader, and each list of them, exists once. */
export class ReaderTable {
  readonly #nameOf: (id: string) => string | undefined;
  readonly #readers = new Map<string, Reader>();
  readonly #lists = new Map<string, readonly Reader[]>();

  constructor(nameOf: (id: string) => string | undefined) {
    this.#nameOf = nameOf;
  }

  list(keys: readonly Pick<MasterKey, "type" | "id">[]): readonly Reader[] {
    const readers = [...new Set(keys.map((key) => this.#reader(key)))];
    const name = readers.map((reader) => `${reader.type} ${reader.id}`).join("\n");
    const known = this.#lists.get(name);
    if (known !== undefined) return known;
    this.#lists.set(name, readers);
    return readers;
  }

  #reader({ type, id: text }: Pick<MasterKey, "type" | "id">): Reader {
    const stated = type === "age" ? recipientId(text) : type === "pgp" ? fingerprintId(text) : text;
    const place = `${type} ${stated}`;
    const known = this.#readers.get(place);
    if (known !== undefined) return known;
    const id = detach(stated);
    const name = this.#nameOf(id);
    const reader = { type, id, ...(name === undefined ? {} : { name }) };
    this.#readers.set(place, reader);
    return reader;
  }
}

/** @throws SecretsError what `parseSopsFile` throws */
export async function readDocument(bytes: Uint8Array, format: Format, table: ReaderTable): Promise<DocumentFacts> {
  const file = parseSopsFile(bytes, format);
  const { stored, metadata } = file;
  const clear = await clearLeaves(file);
  const shares = sharesOf(
    metadata.keyGroups.map((group) => table.list(group).map(({ id }) => id)),
    metadata.shamirThreshold,
  );
  return {
    format,
    keys: format === "binary" ? [] : stored.documents.flatMap(leafKeys),
    readers: table.list(recipientsOf(metadata)),
    ...(shares === undefined ? {} : { shares }),
    clear: clear.map(({ keyPath, kind, span }) => ({
      line: positionAt(stored.text, span?.start ?? 0).line,
      keyPath: detach(formatKeyPath(keyPath)),
      kind,
    })),
    version: detach(metadata.version),
    lastModified: detach(metadata.lastModified),
  };
}

/** An empty map or list is a value too: it has an address of its own. */
function leafKeys(document: MapNode): string[] {
  const keys: string[] = [];
  const path: (string | number)[] = [];
  const visit = (value: ValueNode) => {
    const children = value.kind === "scalar" ? [] : childrenOf(value);
    if (children.length === 0 && path.length > 0) keys.push(detach(formatKeyPath(path)));
    for (const [component, child] of children) {
      path.push(component);
      visit(child);
      path.pop();
    }
  };
  visit(document);
  return keys;
}

function childrenOf(node: MapNode | ListNode): (readonly [string | number, ValueNode])[] {
  if (node.kind === "map") {
    return node.entries.flatMap((entry) => (entry.kind === "entry" ? [[entry.key, entry.value] as const] : []));
  }
  return node.items.filter((item) => item.kind !== "comment").map((item, i) => [i, item] as const);
}
