/** The payload of an age file (C2SP age spec, "Payload"): a nonce, then STREAM over chunks of 64 KiB. */
import { SecretsError } from "../errors.ts";
import { open, seal } from "./aead.ts";
import { hkdfSha256 } from "./hkdf.ts";
import { drawBytes } from "./random.ts";

/** Bytes of nonce at the payload's start; an age file without them is cut off in its header already. */
export const PAYLOAD_NONCE = 16;
const CHUNK = 64 * 1024;
const SEALED_CHUNK = CHUNK + 16;
const INFO = Buffer.from("payload");

/** Nonce and encrypted chunks of a plaintext under the file key. */
export function sealPayload(fileKey: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const nonce = drawBytes(PAYLOAD_NONCE);
  const key = hkdfSha256(fileKey, nonce, INFO);
  try {
    const parts: Uint8Array[] = [nonce];
    const chunks = Math.max(1, Math.ceil(plaintext.length / CHUNK));
    for (let i = 0; i < chunks; i++) {
      parts.push(seal(key, plaintext.subarray(i * CHUNK, (i + 1) * CHUNK), chunkNonce(i, i === chunks - 1)));
    }
    return Buffer.concat(parts);
  } finally {
    key.fill(0);
  }
}

/**
 * The whole plaintext. Nothing is released before the last chunk has been authenticated.
 *
 * @throws SecretsError `E_AGE_PAYLOAD` if any chunk was cut, moved or changed
 */
export function openPayload(fileKey: Uint8Array, payload: Uint8Array): Uint8Array {
  const sealed = payload.subarray(PAYLOAD_NONCE);
  const chunks = Math.ceil(sealed.length / SEALED_CHUNK);
  if (chunks === 0) throw payloadError();
  const key = hkdfSha256(fileKey, payload.subarray(0, PAYLOAD_NONCE), INFO);
  const plain: Uint8Array[] = [];
  try {
    for (let i = 0; i < chunks; i++) {
      const last = i === chunks - 1;
      const chunk = open(key, sealed.subarray(i * SEALED_CHUNK, (i + 1) * SEALED_CHUNK), chunkNonce(i, last));
      // Only an empty file has an empty last chunk; a second spelling of the same plaintext is refused.
      if (chunk === null || (chunk.length === 0 && i > 0)) throw payloadError();
      plain.push(chunk);
    }
    return Buffer.concat(plain);
  } finally {
    key.fill(0);
    for (const chunk of plain) chunk.fill(0);
  }
}

/** 11 bytes of big-endian counter and one byte that marks the last chunk. */
function chunkNonce(index: number, last: boolean): Uint8Array {
  const nonce = Buffer.alloc(12);
  // 2^48 chunks are 16 EiB: the counter's upper bytes stay zero for anything that fits in memory.
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function payloadError(): SecretsError {
  return new SecretsError(
    "E_AGE_PAYLOAD",
    "The payload of an age file is cut off or was changed after it was written.",
    {
      hint: "Restore the file from git.",
    },
  );
}
