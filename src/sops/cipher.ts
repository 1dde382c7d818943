/**
 * One encrypted value: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]` (sops 3.13.3, package aes). The additional data is
 * the key path, so that a value cannot be moved to another key.
 *
 * The `type:` field is the one part that GCM does not cover. Nothing here trusts it further than to read the bytes.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomFillSync } from "node:crypto";
import { SecretsError } from "../errors.ts";

const PREFIX = "ENC[AES256_GCM,data:";
const NONCE_BYTES = 32;
const TAG_BYTES = 16;

/** A data key ready for use. Node takes six times as long for each value when it is handed the raw bytes. */
export type DataKey = KeyObject;

export interface OpenedValue {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** @throws SecretsError `E_DATA_KEY` unless the key has 32 bytes. */
export function importDataKey(bytes: Uint8Array): DataKey {
  if (bytes.length !== 32) {
    throw new SecretsError("E_DATA_KEY", `The data key of this document has ${bytes.length} bytes instead of 32.`, {
      hint: "The recipient's entry in the metadata is damaged; restore it from git history.",
    });
  }
  return createSecretKey(bytes);
}

/** The four fields of an encrypted value, not decoded yet. */
interface Sealed {
  readonly data: string;
  readonly iv: string;
  readonly tag: string;
  readonly type: string;
}

/** True for text that sops would take for an encrypted value. Nothing is decoded. */
export function isSealed(text: string): boolean {
  return splitSealed(text) !== undefined;
}

/** The `type:` field of an encrypted value, undefined for anything else. It is not authenticated. */
export function sealedType(text: string): string | undefined {
  return splitSealed(text)?.type;
}

/**
 * Decrypts one value.
 * @param aad the key path as sops writes it, for example `db:password:`.
 * @returns undefined when it is not an encrypted value, or is damaged, or belongs to another key or key path.
 */
export function openValue(text: string, key: DataKey, aad: string): OpenedValue | undefined {
  const sealed = splitSealed(text);
  if (sealed === undefined) return undefined;
  const data = fromBase64(sealed.data);
  const iv = fromBase64(sealed.iv);
  const tag = fromBase64(sealed.tag);
  if (data === undefined || iv === undefined || tag === undefined) return undefined;
  try {
    // With its length fixed here, a shortened tag is refused rather than compared.
    const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(aad, "utf8"));
    decipher.setAuthTag(tag);
    const bytes = decipher.update(data);
    decipher.final();
    return { type: sealed.type, bytes };
  } catch {
    return undefined;
  }
}

/** Encrypts one value under a fresh nonce. `bytes` must not be empty: sops writes empty values as they are. */
export function sealValue(type: string, bytes: Uint8Array, key: DataKey, aad: string): string {
  const iv = randomFillSync(Buffer.allocUnsafe(NONCE_BYTES));
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(aad, "utf8"));
  const data = cipher.update(bytes).toString("base64");
  cipher.final();
  const tag = cipher.getAuthTag().toString("base64");
  return `${PREFIX}${data},iv:${iv.toString("base64")},tag:${tag},type:${type}]`;
}

/**
 * What sops matches with four greedy groups anchored at the start only, done from the right in linear time: a
 * backtracking expression would take cubic time on hostile text. Text behind the last bracket is tolerated.
 */
function splitSealed(text: string): Sealed | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const lineEnd = text.indexOf("\n");
  const line = lineEnd === -1 ? text : text.slice(0, lineEnd);
  const end = line.lastIndexOf("]");
  const type = line.lastIndexOf(",type:", end - 7);
  const tag = line.lastIndexOf(",tag:", type - 6);
  const iv = line.lastIndexOf(",iv:", tag - 5);
  // lastIndexOf clamps a negative start to 0, so each part has to be checked to lie in its place.
  if (iv <= PREFIX.length || tag < iv + 5 || type < tag + 6 || end < type + 7) return undefined;
  return {
    data: line.slice(PREFIX.length, iv),
    iv: line.slice(iv + 4, tag),
    tag: line.slice(tag + 5, type),
    type: line.slice(type + 6, end),
  };
}

/** Strict base64 with padding: `Buffer.from` alone would skip foreign characters. */
function fromBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (bytes.length !== (text.length / 4) * 3 - padding) return undefined;
  // Buffer also takes the URL alphabet, which Go refuses.
  return text.includes("-") || text.includes("_") ? undefined : bytes;
}
