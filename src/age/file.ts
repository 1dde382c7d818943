/** Whole age files: encrypt bytes to recipients, open them with identities (C2SP age spec). */
import { SecretsError } from "../errors.ts";
import { decodeArmor, encodeArmor, isArmored } from "./armor.ts";
import { formatHeader, type Header, headerError, parseHeader, type Stanza, verifyHeader } from "./header.ts";
import type { Identity } from "./identity.ts";
import { openPayload, PAYLOAD_NONCE, sealPayload } from "./payload.ts";
import { pluginError } from "./plugin.ts";
import { wrapByLibrary } from "./post-quantum.ts";
import { drawBytes } from "./random.ts";
import type { Recipient } from "./recipient.ts";
import { hasPassphrase } from "./scrypt.ts";

const FILE_KEY = 16;

/** An age file taken apart, before anybody tries to open it. */
export interface AgeFile {
  readonly header: Header;
  readonly payload: Uint8Array;
}

/**
 * An armored age file that each of the recipients can open: what sops keeps as `enc`.
 *
 * @throws SecretsError `E_RECIPIENT` for no recipient at all, for post-quantum recipients beside others (the others
 *   would void the protection) and for keys that are no points; `E_AGE_PLUGIN` if one needs a plugin
 */
export async function encryptTo(recipients: readonly Recipient[], plaintext: Uint8Array): Promise<string> {
  return encodeArmor(await encryptToBinary(recipients, plaintext));
}

/**
 * The same for somebody who wraps the file key by means of their own, such as a plugin.
 * @throws SecretsError what `wrap` throws
 */
export async function encryptWith(
  wrap: (fileKey: Uint8Array) => Promise<readonly Stanza[]>,
  plaintext: Uint8Array,
): Promise<string> {
  const fileKey = drawBytes(FILE_KEY);
  try {
    const stanzas = await wrap(fileKey);
    return encodeArmor(Buffer.concat([formatHeader(stanzas, fileKey), sealPayload(fileKey, plaintext)]));
  } finally {
    fileKey.fill(0);
  }
}

/** The same without armor. */
export async function encryptToBinary(recipients: readonly Recipient[], plaintext: Uint8Array): Promise<Uint8Array> {
  checkTogether(recipients);
  const { fileKey, stanzas } = await wrapFileKey(recipients);
  try {
    return Buffer.concat([formatHeader(stanzas, fileKey), sealPayload(fileKey, plaintext)]);
  } finally {
    fileKey.fill(0);
  }
}

/**
 * The plaintext of an age file; null if none of the identities is among its recipients. A string is
 * armor; bytes may be armor or not.
 *
 * @throws SecretsError `E_AGE_ARMOR`, `E_AGE_HEADER`, `E_AGE_HMAC` or `E_AGE_PAYLOAD` for a damaged file
 */
export async function decryptWith(
  identities: readonly Identity[],
  file: Uint8Array | string,
): Promise<Uint8Array | null> {
  const parsed = parseFile(file);
  for (const identity of identities) {
    const plaintext = await openFile(parsed, identity);
    if (plaintext !== null) return plaintext;
  }
  return null;
}

/**
 * Header and payload of an age file. A string is armor; bytes may be either.
 *
 * @throws SecretsError `E_AGE_ARMOR` or `E_AGE_HEADER`
 */
export function parseFile(file: Uint8Array | string): AgeFile {
  const armored = typeof file === "string" ? file : isArmored(file) ? Buffer.from(file).toString("latin1") : null;
  const binary = armored === null ? (file as Uint8Array) : decodeArmor(armored);
  const header = parseHeader(binary);
  hasPassphrase(header);
  const payload = binary.subarray(header.bytes.length);
  if (payload.length < PAYLOAD_NONCE) throw headerError("is not followed by a payload");
  return { header, payload };
}

/** Like `decryptWith`, for one identity and a file that is parsed already. */
export async function openFile(file: AgeFile, identity: Identity): Promise<Uint8Array | null> {
  const fileKey = await identity.unwrapFileKey(file.header);
  if (fileKey === null) return null;
  try {
    if (fileKey.length !== FILE_KEY) throw headerError("wraps a file key of the wrong length");
    verifyHeader(file.header, fileKey);
    return openPayload(fileKey, file.payload);
  } finally {
    fileKey.fill(0);
  }
}

function checkTogether(recipients: readonly Recipient[]): void {
  if (recipients.length === 0) {
    throw new SecretsError("E_RECIPIENT", "There is no recipient: nobody could ever open the file.");
  }
  const plugin = recipients.find((recipient) => recipient.kind === "plugin");
  if (plugin !== undefined) throw pluginError(plugin.plugin);
  const safe = recipients.filter((recipient) => "postQuantum" in recipient && recipient.postQuantum);
  if (safe.length > 0 && safe.length < recipients.length) {
    throw new SecretsError("E_RECIPIENT", "Post-quantum recipients stand beside others in one file.", {
      hint: "Use post-quantum recipients alone: whoever breaks one of the others reads the file all the same.",
    });
  }
}

/** A new file key and its stanzas; those of the library come first, because it insists on drawing the key. */
async function wrapFileKey(recipients: readonly Recipient[]): Promise<{ fileKey: Uint8Array; stanzas: Stanza[] }> {
  const library = recipients.filter((recipient) => recipient.kind === "hybrid" || recipient.kind === "tag");
  const drawn = library.length === 0 ? null : await wrapByLibrary(library.map((recipient) => recipient.text));
  const fileKey = drawn?.fileKey ?? drawBytes(FILE_KEY);
  const stanzas = [...(drawn?.stanzas ?? [])];
  try {
    for (const recipient of recipients) if ("wrapFileKey" in recipient) stanzas.push(recipient.wrapFileKey(fileKey));
    return { fileKey, stanzas };
  } catch (cause) {
    fileKey.fill(0);
    throw cause;
  }
}
