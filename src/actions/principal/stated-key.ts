/** A public key as a person states it on the command line or in a file. */
import { parseRecipient, recipientId } from "../../age/recipient.ts";
import { sshToAgeRecipient } from "../../age/ssh.ts";
import { fingerprintOf } from "../../age/ssh-fingerprint.ts";
import { SecretsError } from "../../errors.ts";
import { fingerprintId, isFingerprint } from "../../fleet/fingerprint.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";
import { shortenKey } from "../reader-names.ts";

export interface StatedPublicKey {
  readonly type: "age" | "pgp";
  /** Canonical. */
  readonly id: string;
  /** What is written into the policy. */
  readonly text: string;
}

/**
 * `age1…`, `ssh-ed25519 …`, `ssh-rsa …` or a PGP fingerprint. An SSH key's comment is dropped: it says nothing to sops
 * and clan, and a comma in it would part the key in two for both.
 * @throws SecretsError `E_RECIPIENT` for anything else; the message never repeats the text: it may be a private key.
 */
export function parseStatedKey(text: string): StatedPublicKey {
  const trimmed = text.trim();
  refuseMistaken(trimmed);
  if (isFingerprint(trimmed)) {
    const id = fingerprintId(trimmed).replace(/^0X/, "");
    if (id.length < 40) {
      throw refusal(
        "A PGP key is named by its whole fingerprint here.",
        "gpg --list-keys --with-colons shows it; short key ids can be forged",
      );
    }
    return { type: "pgp", id, text: id };
  }
  const id = recipientId(parse(trimmed));
  return { type: "age", id, text: id };
}

/** What was typed wrongly is a wrong command line. */
function parse(text: string): string {
  try {
    return parseRecipient(text).text;
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw refusal(error.message, error.hint ?? "give a public key: age1… or ssh-ed25519 …");
  }
}

/** What people type by mistake where a public key is wanted. */
function refuseMistaken(text: string): void {
  if (/^AGE-SECRET-KEY-/i.test(text)) {
    throw refusal(
      "This is a private key, and nobody else may have it.",
      "on a command line, it now stands in the history of your shell: clear it there, and make a new key if others can read that\nits public half is printed by secrets key show, or by age-keygen -y FILE",
    );
  }
  if (text.startsWith("age1") || /^(ssh|ecdsa|sk)-[^/]* /.test(text)) {
    if (/age1[^,]*,|[A-Za-z0-9+/=]+\s*,\s*(age1|ssh-)/.test(text)) {
      throw refusal("These are several keys in one.", "give each by a flag of its own, which may be repeated");
    }
    return;
  }
  if (!/^([~.]{0,2}\/|.*\.(pub|txt|keys|age|ppk|pem)$|.*id_(ed25519|rsa|ecdsa))/i.test(text)) return;
  throw refusal(
    "This is the path of a file, and the key itself is wanted.",
    "a file of public keys is read by --ssh-key FILE; what GitHub says, by --github-keys FILE",
  );
}

/** A key as a person compares it with what they know: an SSH key by the fingerprint that ssh-keygen -l prints. */
export function tellKey({ id }: Pick<StatedPublicKey, "id">): string {
  return id.startsWith("ssh-") ? `${id.slice(0, id.indexOf(" "))} ${fingerprintOf(id)}` : shortenKey(id);
}

/**
 * One key, one owner: two names for one key make every list of readers a riddle. An SSH key and the age key that is
 * derived from it are one.
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
  const others = principals.all.filter((one) => one.name !== except?.name || one.kind !== except.kind);
  const stated = others.flatMap((owner) => owner.keys.map((key) => ({ owner, key })));
  const byText = new Map(stated.map((one) => [one.key.id, one]));
  const byImage = new Map(stated.map((one) => [ageImage(one.key.id), one]));
  for (const { id } of keys) {
    const same = byText.get(id);
    const { owner, key } = same ?? byImage.get(ageImage(id)) ?? {};
    if (owner === undefined) continue;
    const [origin] = key?.origins ?? [];
    const how = same === undefined ? ", and one is derived from the other" : "";
    throw new SecretsError("E_KEY_TAKEN", `this key belongs to ${owner.name} already${how}`, {
      kind: "usage",
      ...(origin === undefined ? {} : { location: { file: origin.path, line: origin.line } }),
      hint: "if the two are meant to share one key, say --force",
    });
  }
}

/** The age key that is derived from an SSH key, as ssh-to-age does; any other key as it is. */
function ageImage(id: string): string {
  if (!id.startsWith("ssh-ed25519 ")) return id;
  try {
    return sshToAgeRecipient(id);
  } catch (error) {
    // The fleet's own: `.sops.yaml` may state what is no key.
    if (error instanceof SecretsError) return id;
    throw error;
  }
}

function refusal(message: string, hint: string): SecretsError {
  return new SecretsError("E_RECIPIENT", message, { kind: "usage", hint });
}
