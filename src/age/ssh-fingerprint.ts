/** Fingerprints of SSH keys, as `ssh-keygen -l` prints them. */
import { createHash, timingSafeEqual } from "node:crypto";
import { parseSshPublicLine } from "./ssh-public-key.ts";

/** @throws SecretsError `E_RECIPIENT` for what is no SSH public key */
export function fingerprintOf(publicKey: string): string {
  const digest = createHash("sha256").update(parseSshPublicLine(publicKey).blob).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** Whether a person typed this fingerprint: with or without `SHA256:` and padding. */
export function isFingerprintOf(publicKey: string, typed: string): boolean {
  const plain = (text: string) =>
    Buffer.from(
      text
        .trim()
        .replace(/^SHA256:/i, "")
        .replace(/=+$/, ""),
    );
  const [a, b] = [plain(fingerprintOf(publicKey)), plain(typed)];
  return a.length === b.length && timingSafeEqual(a, b);
}
