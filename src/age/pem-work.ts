/**
 * How much work a passphrase costs that protects a key in PKCS#8 (RFC 5958, 8018, 7914): the file itself says, without
 * a bound, and the program that does the work cannot be interrupted.
 */
import { decodePaddedBase64 } from "./base64.ts";

/** A million rounds of PBKDF2 take about a second; openssl's own default is 2048. */
const MAX_ROUNDS = 10_000_000n;
/** N·r·p of scrypt; openssl's own default is 2¹⁷. A 2²⁴ takes some seconds. */
const MAX_SCRYPT = 1n << 24n;

const OBJECT = 0x06;
const INTEGER = 0x02;
const OCTETS = 0x04;
const SEQUENCE = 0x30;

const PBES2 = "2a864886f70d01050d";
const SCRYPT = "2b06010401da47040b";

/** Whether an ENCRYPTED PRIVATE KEY says how it is protected, and asks for some seconds of work at most. */
export function isBoundedWork(pem: string): boolean {
  const [, body] =
    /^-----BEGIN ENCRYPTED PRIVATE KEY-----\s([A-Za-z0-9+/=\s]*)-----END ENCRYPTED PRIVATE KEY-----$/.exec(pem) ?? [];
  const file = decodePaddedBase64(body?.replaceAll(/\s/g, "") ?? "");
  const [key] = file === null ? [] : items(file);
  const [algorithm] = key?.tag === SEQUENCE ? items(key.content) : [];
  return algorithm?.tag === SEQUENCE && isBounded(algorithm.content, true);
}

/** Of an AlgorithmIdentifier; that of PBES2 has another one inside, of how the key is stretched. */
function isBounded(algorithm: Uint8Array, outer: boolean): boolean {
  const [name, parameters] = items(algorithm);
  if (name?.tag !== OBJECT || parameters?.tag !== SEQUENCE) return false;
  const [first, ...rest] = items(parameters.content);
  const id = Buffer.from(name.content).toString("hex");
  if (id === PBES2 && outer) return first?.tag === SEQUENCE && isBounded(first.content, false);
  // In PBKDF2, PBES1 and PKCS#12 alike the salt comes first and the rounds next; in scrypt N, r and p.
  const numbers = rest.slice(0, id === SCRYPT ? 3 : 1).map(numberOf);
  if (first?.tag !== OCTETS || numbers.length !== (id === SCRYPT ? 3 : 1)) return false;
  const work = numbers.reduce<bigint | undefined>(
    (a, b) => (a === undefined || b === undefined ? undefined : a * b),
    1n,
  );
  return work !== undefined && work <= (id === SCRYPT ? MAX_SCRYPT : MAX_ROUNDS);
}

interface Item {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** DER, as far as it can be read. */
function items(bytes: Uint8Array): Item[] {
  const found: Item[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const tag = bytes[at] ?? 0;
    const short = bytes[at + 1] ?? 0;
    const more = short < 0x80 ? 0 : short & 0x7f;
    const start = at + 2 + more;
    if (short === 0x80 || more > 3 || start > bytes.length) break;
    const length = more === 0 ? short : Buffer.from(bytes.subarray(at + 2, start)).readUIntBE(0, more);
    if (start + length > bytes.length) break;
    found.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

/** Undefined for what is no positive number. */
function numberOf({ tag, content }: Item): bigint | undefined {
  if (tag !== INTEGER || content.length === 0 || content.length > 16 || (content[0] ?? 0x80) >= 0x80) return undefined;
  return BigInt(`0x${Buffer.from(content).toString("hex")}`) || undefined;
}
