/** From SSH Ed25519 keys to age keys, as the program ssh-to-age does and sops-nix and clan expect. */
import { SecretsError } from "../errors.ts";
import { ed25519Scalar } from "./identity.ts";
import type { AgeRecipient } from "./recipient.ts";
import { parseSshKeyFile } from "./ssh-private-key.ts";
import { parseSshPublicLine } from "./ssh-public-key.ts";
import { formatX25519Identity, formatX25519Recipient } from "./x25519.ts";

/**
 * The `age1…` recipient of an `ssh-ed25519 AAAA…` line.
 *
 * @throws SecretsError `E_RECIPIENT` for any other line
 */
export function sshToAgeRecipient(publicLine: string): AgeRecipient {
  const key = parseSshPublicLine(publicLine);
  if (key.type === "ssh-ed25519") return formatX25519Recipient(key.montgomery) as AgeRecipient;
  throw new SecretsError("E_RECIPIENT", "Only Ed25519 keys can be turned into age keys; this SSH key is RSA.");
}

/**
 * The `AGE-SECRET-KEY-1…` text of an SSH Ed25519 private key file. `askPassphrase` is called at most once, and only
 * for an encrypted key; null means that nobody answered.
 *
 * @throws SecretsError `E_SSH_KEY` for a damaged key or one of another type, `E_PASSPHRASE` for a wrong or missing one
 */
export async function sshToAgeIdentity(
  privateKey: Uint8Array,
  askPassphrase: () => Promise<string | null>,
): Promise<string> {
  const file = parseSshKeyFile(privateKey);
  const key = await file.unlock(file.encrypted ? ((await askPassphrase()) ?? undefined) : undefined);
  if (key.type !== "ssh-ed25519") {
    throw new SecretsError("E_SSH_KEY", "Only Ed25519 keys can be turned into age keys; this SSH key is RSA.");
  }
  const scalar = ed25519Scalar(key.seed);
  try {
    return formatX25519Identity(scalar);
  } finally {
    scalar.fill(0);
    key.seed.fill(0);
  }
}
