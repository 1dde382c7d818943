/** The encryption of OpenSSH private key files (PROTOCOL.key): bcrypt_pbkdf and the ciphers that ssh-keygen offers. */
import { createDecipheriv, timingSafeEqual } from "node:crypto";
import { SecretsError } from "../errors.ts";
import { poly1305 } from "./poly1305.ts";
import { SshReader } from "./ssh-wire.ts";

interface SshCipher {
  readonly keyLength: number;
  readonly ivLength: number;
  readonly tagLength: number;
  /** The plaintext, or null if the tag shows that the key is wrong. A cipher without a tag always answers. */
  decrypt(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array, tag: Uint8Array): Uint8Array | null;
}

/**
 * ssh-keygen's default is 16 or 24 rounds, and `-a 100` is what hardening guides say. A round takes about 17 ms here,
 * so that the most we accept takes less than 20 s.
 */
const MAX_ROUNDS = 1024;
const MAX_SALT = 64;

const CIPHERS: ReadonlyMap<string, SshCipher> = new Map([
  ["aes256-ctr", { keyLength: 32, ivLength: 16, tagLength: 0, decrypt: plainMode("aes-256-ctr") }],
  ["aes256-cbc", { keyLength: 32, ivLength: 16, tagLength: 0, decrypt: plainMode("aes-256-cbc") }],
  ["aes256-gcm@openssh.com", { keyLength: 32, ivLength: 12, tagLength: 16, decrypt: decryptGcm }],
  ["chacha20-poly1305@openssh.com", { keyLength: 64, ivLength: 0, tagLength: 16, decrypt: decryptChaCha }],
]);

/** What the outer part of a key file says about its inner part. */
export interface SealedSection {
  readonly cipherName: string;
  readonly kdfName: string;
  readonly kdfOptions: Uint8Array;
  readonly sealed: Uint8Array;
  /** What follows the sealed section. */
  readonly tag: Uint8Array;
}

/**
 * The inner part of a key file; null if the passphrase is shown to be wrong already.
 *
 * @throws SecretsError `E_SSH_KEY` for a cipher we do not know, or a file that asks for too much work
 */
export async function decryptSection(section: SealedSection, passphrase: string): Promise<Uint8Array | null> {
  const cipher = CIPHERS.get(section.cipherName);
  if (cipher === undefined) {
    throw new SecretsError("E_SSH_KEY", "An SSH private key is encrypted with a cipher that is not known here.", {
      hint: `Encrypt it again with ssh-keygen -p -Z aes256-ctr. Known: ${[...CIPHERS.keys()].join(", ")}.`,
    });
  }
  if (section.tag.length !== cipher.tagLength) throw malformed("has bytes behind its end");
  const keyAndIv = await stretch(section, passphrase, cipher.keyLength + cipher.ivLength);
  try {
    const key = keyAndIv.subarray(0, cipher.keyLength);
    return cipher.decrypt(key, keyAndIv.subarray(cipher.keyLength), section.sealed, section.tag);
  } finally {
    keyAndIv.fill(0);
  }
}

async function stretch(section: SealedSection, passphrase: string, length: number): Promise<Uint8Array> {
  const reader = new SshReader(section.kdfOptions);
  const salt = reader.string();
  const rounds = reader.uint32();
  if (section.kdfName !== "bcrypt" || salt === null || rounds === null || !reader.atEnd()) {
    throw malformed("has a passphrase setting that is not known here");
  }
  if (rounds === 0 || rounds > MAX_ROUNDS || salt.length > MAX_SALT) {
    throw malformed(`asks for more than ${MAX_ROUNDS} passphrase rounds, or for none`);
  }
  const { default: bcrypt } = await import("bcrypt-pbkdf");
  const password = Buffer.from(passphrase, "utf8");
  const key = new Uint8Array(length);
  try {
    const status = bcrypt.pbkdf(password, password.length, Uint8Array.from(salt), salt.length, key, length, rounds);
    if (status !== 0) throw malformed("has no salt, or its passphrase is empty");
    return key;
  } finally {
    password.fill(0);
  }
}

function plainMode(algorithm: string): SshCipher["decrypt"] {
  return (key, iv, sealed) => {
    if (sealed.length % 16 !== 0) throw malformed("is cut off");
    const decipher = createDecipheriv(algorithm, key, iv).setAutoPadding(false);
    const plain = decipher.update(sealed);
    decipher.final();
    return plain;
  };
}

function decryptGcm(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array, tag: Uint8Array): Uint8Array | null {
  const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: 16 }).setAuthTag(tag);
  const plain = decipher.update(sealed);
  try {
    decipher.final();
    return plain;
  } catch {
    plain.fill(0);
    return null;
  }
}

/**
 * PROTOCOL.chacha20poly1305 with sequence number 0 and no additional data: the first half of the key encrypts, block
 * 0 of its key stream is the Poly1305 key. The second half is for packet lengths, which files do not have.
 */
function decryptChaCha(key: Uint8Array, _iv: Uint8Array, sealed: Uint8Array, tag: Uint8Array): Uint8Array | null {
  const oneTimeKey = chacha20(key.subarray(0, 32), 0, new Uint8Array(32));
  const expected = poly1305(oneTimeKey, sealed);
  oneTimeKey.fill(0);
  return timingSafeEqual(expected, tag) ? chacha20(key.subarray(0, 32), 1, sealed) : null;
}

/** The original ChaCha20 with its 64-bit counter, here below 256, and a nonce of zeros. */
function chacha20(key: Uint8Array, counter: number, bytes: Uint8Array): Uint8Array {
  const iv = new Uint8Array(16);
  iv[0] = counter;
  return createDecipheriv("chacha20", key, iv).update(bytes);
}

function malformed(reason: string): SecretsError {
  return new SecretsError("E_SSH_KEY", `An SSH private key ${reason}.`, {
    hint: "Check the file with ssh-keygen -y -f FILE.",
  });
}
