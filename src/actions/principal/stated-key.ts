/** A public key as a person states it on the command line or in a file. */
import { parseRecipient, recipientId } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import { fingerprintId, isFingerprint } from "../../fleet/fingerprint.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";

export interface StatedPublicKey {
  readonly type: "age" | "pgp";
  /** Canonical. */
  readonly id: string;
  /** What is written into the policy. */
  readonly text: string;
}

/**
 * `age1…`, `ssh-ed25519 …`, `ssh-rsa …` or a PGP fingerprint.
 * @throws SecretsError `E_RECIPIENT` for anything else; the message never repeats the text: it may be a private key.
 */
export function parseStatedKey(text: string): StatedPublicKey {
  const trimmed = text.trim();
  if (isFingerprint(trimmed)) {
    const id = fingerprintId(trimmed).replace(/^0X/, "");
    if (id.length < 40) {
      throw new SecretsError("E_RECIPIENT", "A PGP key is named by its whole fingerprint here.", {
        kind: "usage",
        hint: "gpg --list-keys --with-colons shows it; short key ids can be forged",
      });
    }
    return { type: "pgp", id, text: id };
  }
  const recipient = parseRecipient(trimmed);
  return { type: "age", id: recipientId(recipient.text), text: recipient.text };
}

/**
 * One key, one owner: two names for one key make every list of readers a riddle.
 * @param except whose it may be already
 * @throws SecretsError `E_KEY_TAKEN`
 */
export function refuseTaken(
  { principals }: Fleet,
  keys: readonly StatedPublicKey[],
  except: Principal | undefined,
  force: boolean,
): void {
  if (force) return;
  for (const { id } of keys) {
    const owner = principals.ownerOf(id);
    if (owner === undefined || (owner.name === except?.name && owner.kind === except.kind)) continue;
    const [origin] = owner.keys.find((key) => key.id === id)?.origins ?? [];
    throw new SecretsError("E_KEY_TAKEN", `this key belongs to ${owner.name} already`, {
      kind: "usage",
      ...(origin === undefined ? {} : { location: { file: origin.path, line: origin.line } }),
      hint: "if the two are meant to share one key, say --force",
    });
  }
}
