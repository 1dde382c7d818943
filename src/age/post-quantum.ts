/**
 * The recipient types that are left to age's own TypeScript library: hybrid post-quantum (`age1pq1…`) and hardware
 * tags (`age1tag1…`, `age1tagpq1…`). They are rare and the library is large, so it is loaded when one of them is used.
 */
import { SecretsError } from "../errors.ts";
import type { AgeKey } from "./age-key.ts";
import { type Header, parseHeader, type Stanza, verifyHeader } from "./header.ts";

const HYBRID_STANZA = "mlkem768x25519";

/** A new `AGE-SECRET-KEY-PQ-1…` and its `age1pq1…`, as `age-keygen -pq` makes them. */
export async function makeHybridKey(): Promise<AgeKey> {
  const { generateHybridIdentity, identityToRecipient } = await import("age-encryption");
  const identity = await generateHybridIdentity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** The `age1pq1…` text of an `AGE-SECRET-KEY-PQ-1…` text. */
export async function hybridRecipientOf(identity: string): Promise<string> {
  const { identityToRecipient } = await import("age-encryption");
  return identityToRecipient(identity);
}

/**
 * A new file key, wrapped for each recipient, in order. The library takes no file key from outside: it draws one, which
 * a recipient of our own gets to see, and which then has to verify the header the library made with it.
 *
 * @throws SecretsError `E_RECIPIENT` if a key is no point of its curve
 */
export async function wrapByLibrary(
  recipients: readonly string[],
): Promise<{ readonly fileKey: Uint8Array; readonly stanzas: readonly Stanza[] }> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  let fileKey: Uint8Array = new Uint8Array(0);
  const witness = {
    wrapFileKey(key: Uint8Array) {
      fileKey = Uint8Array.from(key);
      return [];
    },
  };
  encrypter.addRecipient(witness);
  try {
    for (const recipient of recipients) encrypter.addRecipient(recipient);
    const header = parseHeader(await encryptNothing(encrypter));
    verifyHeader(header, fileKey);
    return { fileKey, stanzas: header.stanzas };
  } catch (cause) {
    fileKey.fill(0);
    if (cause instanceof SecretsError) throw cause;
    throw new SecretsError("E_RECIPIENT", "A post-quantum or tag recipient is not a valid key.", { cause });
  }
}

/** As a stream, because the library's other way loads Node's whole HTTP client. */
async function encryptNothing(encrypter: import("age-encryption").Encrypter): Promise<Uint8Array> {
  const nothing = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
  const chunks: Uint8Array[] = [];
  for await (const chunk of await encrypter.encrypt(nothing)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * The file key, or null if no stanza is for this `AGE-SECRET-KEY-PQ-1…`.
 *
 * @throws SecretsError `E_AGE_HEADER`, `E_AGE_HMAC`
 */
export async function unwrapHybrid(header: Header, identity: string): Promise<Uint8Array | null> {
  if (!header.stanzas.some((stanza) => stanza.args[0] === HYBRID_STANZA)) return null;
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  try {
    return await decrypter.decryptHeader(header.bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "";
    if (reason.startsWith("no identity matched")) return null;
    if (reason === "invalid header HMAC") {
      throw new SecretsError("E_AGE_HMAC", "The header of an age file was changed after it was written.", { cause });
    }
    throw new SecretsError("E_AGE_HEADER", "The header of an age file has a malformed post-quantum stanza.", { cause });
  }
}
