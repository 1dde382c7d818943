/** Which files of the fleet are sops documents: told from their bytes, since any file may be one. */

/** Names that are code, text for people or pictures. They are only looked into when a rule with a path covers them. */
const NEVER_SECRET =
  /(^|\/)(\.git(ignore|attributes|keep|modules)|\.envrc|\.editorconfig|LICENSE|Makefile|[^/]*\.(nix|md|lock|rs|go|py|js|ts|c|h|sh|pub|css|html|svg|png|jpe?g|gif|webp|ico|ttf|otf|woff2?|pdf|patch|diff))$/;

/** Whether a file is worth opening although no rule covers it. */
export function mayHoldSecrets(path: string): boolean {
  return !NEVER_SECRET.test(path);
}

/**
 * Whether bytes look like a sops document: the word `sops`, and a MAC in one of the formats' spellings or an encrypted
 * value. A cheap look that never misses a whole document; what it lets through is parsed.
 */
export function looksEncrypted(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.includes("sops") && MARKS.some((mark) => buffer.includes(mark));
}

/** Whether a sealed value stands in the bytes: then a file that cannot be parsed is a damaged document, not any file. */
export function holdsSealedValue(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes("ENC[AES256_GCM,");
}

const MARKS: readonly string[] = ["ENC[AES256_GCM,", '"mac"', "mac:", "sops_mac", "[sops]"];
