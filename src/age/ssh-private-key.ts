/**
 * SSH private key files: OpenSSH's own format (PROTOCOL.key), and PKCS#1 and PKCS#8 in PEM through node:crypto. The
 * public half of an OpenSSH file is readable without its passphrase, so nobody is asked for one in vain.
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { SecretsError } from "../errors.ts";
import { decodePaddedBase64 } from "./base64.ts";
import { ed25519Point } from "./curve25519.ts";
import { isBoundedWork } from "./pem-work.ts";
import { decryptSection, type SealedSection } from "./ssh-cipher.ts";
import type { SshEd25519PublicKey, SshRsaPublicKey } from "./ssh-public-key.ts";
import { formatEd25519Blob, formatRsaBlob, parseSshPublicBlob, type SshPublicKey } from "./ssh-public-key.ts";
import { SshReader } from "./ssh-wire.ts";

export type SshPrivateKey =
  /** `seed` is the 32 bytes that everything else is derived from; wipe it when done. */
  | { readonly type: "ssh-ed25519"; readonly publicKey: SshEd25519PublicKey; readonly seed: Uint8Array }
  | { readonly type: "ssh-rsa"; readonly publicKey: SshRsaPublicKey; readonly privateKey: KeyObject };

export interface SshKeyFile {
  readonly encrypted: boolean;
  /** Null if the file keeps its public half behind the passphrase, too (encrypted PEM). */
  readonly publicKey: SshPublicKey | null;
  /**
   * @throws SecretsError `E_PASSPHRASE` if it is wrong or missing, `E_SSH_KEY` if the file is damaged or asks for
   *   more than some 20 s of work
   */
  unlock(passphrase?: string): Promise<SshPrivateKey>;
}

/** A 16384-bit RSA key in PEM has about 13 kB. */
const MAX_FILE = 32 * 1024;
const MAGIC = "openssh-key-v1\0";

/**
 * What can be known of a key file without a passphrase.
 *
 * @throws SecretsError `E_SSH_KEY` if it is no private key, or not one that age can use
 */
export function parseSshKeyFile(file: Uint8Array): SshKeyFile {
  if (file.length > MAX_FILE) throw keyError("is too large to be one");
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString("latin1").trim();
  const label = /^-----BEGIN ([A-Z ]*)PRIVATE KEY-----\r?\n/.exec(text)?.[1];
  if (label === undefined) throw keyError("does not start like one");
  return label === "OPENSSH " ? parseOpenSsh(text) : parsePem(text, label.startsWith("ENCRYPTED"));
}

function parseOpenSsh(text: string): SshKeyFile {
  const body = /^-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END OPENSSH PRIVATE KEY-----$/.exec(text);
  const blob = decodePaddedBase64(body?.[1]?.replaceAll(/\s/g, "") ?? "");
  if (blob === null || Buffer.from(blob).toString("latin1", 0, MAGIC.length) !== MAGIC) throw keyError("is cut off");
  const reader = new SshReader(blob.subarray(MAGIC.length));
  const cipherName = reader.text();
  const kdfName = reader.text();
  const kdfOptions = reader.string();
  const keys = reader.uint32();
  const publicBlob = reader.string();
  const sealed = reader.string();
  if (cipherName === null || kdfName === null || kdfOptions === null || publicBlob === null || sealed === null) {
    throw keyError("is cut off");
  }
  if (keys !== 1) throw keyError("holds more than one key");
  const publicKey = parseOwnPublicHalf(publicBlob);
  const section = { cipherName, kdfName, kdfOptions, sealed, tag: reader.rest() };
  const encrypted = cipherName !== "none";
  if (!encrypted && section.tag.length > 0) throw keyError("has bytes behind its end");
  return { encrypted, publicKey, unlock: (passphrase) => unlockOpenSsh(section, publicKey, passphrase) };
}

async function unlockOpenSsh(
  section: SealedSection,
  publicKey: SshPublicKey,
  passphrase: string | undefined,
): Promise<SshPrivateKey> {
  if (section.cipherName === "none") return readOpenSshSection(section.sealed, publicKey, keyError("is damaged"));
  if (passphrase === undefined) throw passphraseError("is protected by a passphrase, and none was given");
  const wrong = passphraseError("is protected by another passphrase");
  const plain = await decryptSection(section, passphrase);
  if (plain === null) throw wrong;
  try {
    return readOpenSshSection(plain, publicKey, wrong);
  } finally {
    plain.fill(0);
  }
}

/** `mismatch` is thrown if the two check numbers differ, which is how a wrong passphrase shows. */
function readOpenSshSection(plain: Uint8Array, publicKey: SshPublicKey, mismatch: SecretsError): SshPrivateKey {
  const reader = new SshReader(plain);
  const check = reader.uint32();
  if (check === null || check !== reader.uint32()) throw mismatch;
  const type = reader.text();
  const key =
    type === "ssh-ed25519" ? readEd25519(reader, publicKey) : type === "ssh-rsa" ? readRsa(reader, publicKey) : null;
  const comment = reader.string();
  const padding = reader.rest();
  if (key === null || comment === null || !padding.every((byte, i) => byte === ((i + 1) & 0xff))) {
    throw keyError("is damaged");
  }
  return key;
}

function readEd25519(reader: SshReader, publicKey: SshPublicKey): SshPrivateKey | null {
  const point = reader.string();
  const secret = reader.string();
  if (publicKey.type !== "ssh-ed25519" || point === null || secret?.length !== 64) return null;
  const seed = Uint8Array.from(secret.subarray(0, 32));
  const derived = ed25519Point(seed);
  if (Buffer.compare(derived, publicKey.point) !== 0 || Buffer.compare(derived, point) !== 0) {
    seed.fill(0);
    throw keyError("does not belong to its own public half");
  }
  return { type: "ssh-ed25519", publicKey, seed };
}

function readRsa(reader: SshReader, publicKey: SshPublicKey): SshPrivateKey | null {
  const [n, e, d, qi, p, q] = [1, 2, 3, 4, 5, 6].map(() => reader.integer());
  if (publicKey.type !== "ssh-rsa" || !n || !e || !d || !qi || !p || !q) return null;
  const [P, Q, D] = [toBigInt(p), toBigInt(q), toBigInt(d)];
  if (Buffer.compare(formatRsaBlob(e, n), publicKey.blob) !== 0 || P * Q !== toBigInt(n) || P < 3n || Q < 3n) {
    throw keyError("does not belong to its own public half");
  }
  const [dp, dq] = [D % (P - 1n), D % (Q - 1n)].map(fromBigInt);
  const jwk = Object.fromEntries(
    Object.entries({ n, e, d, p, q, dp, dq, qi }).map(([name, value]) => [name, toBase64url(value ?? d)]),
  );
  try {
    return { type: "ssh-rsa", publicKey, privateKey: createPrivateKey({ key: { kty: "RSA", ...jwk }, format: "jwk" }) };
  } catch (cause) {
    throw keyError("is damaged", cause);
  }
}

function parsePem(text: string, encryptedLabel: boolean): SshKeyFile {
  const encrypted = encryptedLabel || /^Proc-Type: 4,ENCRYPTED/m.test(text);
  if (encryptedLabel && !isBoundedWork(text)) throw keyError("is damaged, or its passphrase asks for too much work");
  if (encrypted) return { encrypted, publicKey: null, unlock: async (passphrase) => unlockPem(text, passphrase) };
  const key = readPem(text, undefined);
  return { encrypted, publicKey: key.publicKey, unlock: async () => readPem(text, undefined) };
}

function unlockPem(text: string, passphrase: string | undefined): SshPrivateKey {
  if (passphrase === undefined) throw passphraseError("is protected by a passphrase, and none was given");
  return readPem(text, passphrase);
}

function readPem(text: string, passphrase: string | undefined): SshPrivateKey {
  const privateKey = importPem(text, passphrase);
  const jwk = ["ed25519", "rsa"].includes(privateKey.asymmetricKeyType ?? "")
    ? privateKey.export({ format: "jwk" })
    : {};
  if (jwk.kty === "OKP" && jwk.x !== undefined && jwk.d !== undefined) {
    const publicKey = parseOwnPublicHalf(formatEd25519Blob(Buffer.from(jwk.x, "base64url")));
    if (publicKey.type === "ssh-ed25519")
      return { type: "ssh-ed25519", publicKey, seed: Buffer.from(jwk.d, "base64url") };
  }
  if (jwk.kty === "RSA" && jwk.n !== undefined && jwk.e !== undefined) {
    const blob = formatRsaBlob(Buffer.from(jwk.e, "base64url"), Buffer.from(jwk.n, "base64url"));
    const publicKey = parseOwnPublicHalf(blob);
    if (publicKey.type === "ssh-rsa") return { type: "ssh-rsa", publicKey, privateKey };
  }
  throw keyError("is of a type that age cannot use; Ed25519 and RSA can be used");
}

function importPem(text: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: text, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    // OpenSSL tells a wrong passphrase and a damaged body apart only by luck.
    if (passphrase !== undefined) throw passphraseError("is protected by another passphrase, or damaged", cause);
    throw keyError("is damaged", cause);
  }
}

function parseOwnPublicHalf(blob: Uint8Array): SshPublicKey {
  try {
    return parseSshPublicBlob(blob);
  } catch (cause) {
    if (!(cause instanceof SecretsError)) throw cause;
    throw keyError("is damaged or of a type that age cannot use; Ed25519 and RSA can be used", cause);
  }
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
}

function fromBigInt(value: bigint): Uint8Array {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
}

function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

function keyError(reason: string, cause?: unknown): SecretsError {
  return new SecretsError("E_SSH_KEY", `An SSH private key ${reason}.`, {
    hint: "Check the file with ssh-keygen -y -f FILE.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function passphraseError(reason: string, cause?: unknown): SecretsError {
  return new SecretsError("E_PASSPHRASE", `An SSH private key ${reason}.`, {
    kind: "identity",
    ...(cause === undefined ? {} : { cause }),
  });
}
