/** What can be told of the values of a document without any key: which stand there, and whether they are others than before. */
import { hash } from "node:crypto";
import { SecretsError } from "../../errors.ts";
import { isSealed } from "../../sops/cipher.ts";
import { formatKeyPath } from "../../sops/key-path.ts";
import { recipientsOf } from "../../sops/metadata.ts";
import { parseSopsFile } from "../../sops/sops-file.ts";
import type { Format } from "../../sops/store.ts";
import type { ValueNode } from "../../sops/tree.ts";

/** Traces of one sealed value: hashes and sizes of what lies in the repository for everybody to see. */
export interface Traces {
  /** Of the sealed text. */
  readonly sealed: string;
  /** Of its nonce. */
  readonly nonce: string;
  /** Of the value itself, in bytes: AES-GCM keeps the length. */
  readonly size: number;
  /** Of some wrapped copies of the document's data key. */
  readonly dataKey: readonly string[];
}

/** Of a wrapped key and of a nonce: long enough to tell two of one document apart. */
const SHORT = 16;
/** Wrapped keys that are remembered: sops wraps all of them anew, or none. */
const WRAPPED = 3;
const SEALED = /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]*),iv:([A-Za-z0-9+/=]+),/;

/**
 * By formatted key path; of a binary document by the empty text.
 * @returns undefined for what is no document
 */
export function tracesOf(bytes: Uint8Array, format: Format): ReadonlyMap<string, Traces> | undefined {
  try {
    const { stored, metadata } = parseSopsFile(bytes, format);
    const dataKey = recipientsOf(metadata)
      .slice(0, WRAPPED)
      .map(({ enc }) => short(enc.replaceAll(/\s/g, "")));
    const texts = new Map<string, string[]>();
    for (const document of stored.documents) gather(document, [], format === "binary", texts);
    return new Map(
      [...texts].map(([key, sealed]) => {
        const parts = sealed.map((text) => SEALED.exec(text) ?? []);
        const size = parts.reduce((sum, [, data = ""]) => sum + Buffer.byteLength(data, "base64"), 0);
        const nonces = parts.map(([, , nonce = ""]) => nonce).join("\n");
        return [key, { sealed: hash("sha256", sealed.join("\n")), nonce: short(nonces), size, dataKey }];
      }),
    );
  } catch (error) {
    if (error instanceof SecretsError) return undefined;
    throw error;
  }
}

/** Several documents of one file may have one key path: their values count together. */
function gather(node: ValueNode, path: (string | number)[], binary: boolean, texts: Map<string, string[]>): void {
  if (node.kind === "scalar") {
    if (node.scalar.type !== "str" || !isSealed(node.scalar.value)) return;
    const key = binary ? "" : formatKeyPath(path);
    const known = texts.get(key);
    if (known === undefined) texts.set(key, [node.scalar.value]);
    else known.push(node.scalar.value);
  } else if (node.kind === "map") {
    for (const entry of node.entries) {
      if (entry.kind === "entry") gather(entry.value, [...path, entry.key], binary, texts);
    }
  } else {
    const items = node.items.filter((item) => item.kind !== "comment");
    for (const [index, item] of items.entries()) gather(item, [...path, index], binary, texts);
  }
}

/**
 * Whether two traces are of the same value, as far as they prove it.
 *
 * - The same sealed text is the same value.
 * - Another length is another value.
 * - Under one data key another sealed text is another value: sops 3.13.3 and we seal again only what has changed.
 * - Under another data key with the same nonce it is the same: `sops rotate` seals every value with the nonce that it
 *   had, and one that changed gets a new one.
 *
 * Undefined where none of this tells: a new data key, and everything sealed afresh.
 */
export function sameByTraces(then: Traces, now: Traces): boolean | undefined {
  if (then.sealed === now.sealed) return true;
  if (then.size !== now.size) return false;
  if (then.dataKey.some((mark) => now.dataKey.includes(mark))) return false;
  return then.nonce === now.nonce ? true : undefined;
}

/** One line that {@link parseTraces} reads back. */
export function formatTraces({ sealed, nonce, size, dataKey }: Traces): string {
  return [sealed, nonce, String(size), dataKey.join(",") || "-"].join(" ");
}

/** Undefined for any other text. */
export function parseTraces(text: string): Traces | undefined {
  const [, sealed, nonce, size, keys] =
    /^([0-9a-f]{64}) ([0-9a-f]{16}) (\d{1,10}) (-|[0-9a-f]{16}(?:,[0-9a-f]{16}){0,8})$/.exec(text) ?? [];
  if (sealed === undefined || nonce === undefined || size === undefined || keys === undefined) return undefined;
  return { sealed, nonce, size: Number(size), dataKey: keys === "-" ? [] : keys.split(",") };
}

function short(text: string): string {
  return hash("sha256", text).slice(0, SHORT);
}
