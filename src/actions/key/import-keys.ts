/** What `secrets key import` takes over: identities out of other files, and those derived from SSH keys. */
import { publicHalf } from "../../age/age-key.ts";
import { decryptWith } from "../../age/file.ts";
import { passphraseIdentity } from "../../age/identity.ts";
import { readIdentityLines } from "../../age/identity-lines.ts";
import type { KeyEntry } from "../../age/key-list.ts";
import { sshToAgeIdentity } from "../../age/ssh.ts";
import { SecretsError } from "../../errors.ts";
import { type KeyText, refuseForeign } from "./convert-keys.ts";

/** A text, and where a comment shall say that it is from. */
export interface ImportedText extends KeyText {
  readonly origin: string;
}

type AskPassphrase = (what: string) => Promise<string | null>;

/**
 * The identity derived from an SSH key, as an entry that says where it is from.
 * @param askPassphrase called at most once, and only for a key that has one
 * @throws SecretsError `E_KEY_FILE`, `E_SSH_KEY`, `E_PASSPHRASE`
 */
export async function entryOfSshKey(
  { name, origin, bytes }: ImportedText,
  today: string,
  askPassphrase: AskPassphrase,
): Promise<KeyEntry> {
  const identity = await deriveIdentity({ name, bytes }, askPassphrase);
  return { identity, recipients: [publicHalf(identity)], comments: [`from ssh key ${oneLine(origin)}, ${today}`] };
}

/**
 * The `AGE-SECRET-KEY-1…` of an SSH Ed25519 private key.
 * @throws SecretsError `E_KEY_FILE` for a public key and for other kinds of files, `E_SSH_KEY`, `E_PASSPHRASE`
 */
export async function deriveIdentity({ name: file, bytes }: KeyText, askPassphrase: AskPassphrase): Promise<string> {
  const text = Buffer.from(bytes).toString("latin1");
  refuseForeign(file, text);
  if (/^(\S+ )?(ssh|ecdsa|sk)-\S+ AAAA/m.test(text)) {
    throw refusal(file, "this is a public key, where the private one is needed", `give the file without .pub`);
  }
  if (/^[ \t]*AGE-(SECRET-KEY|PLUGIN)-/im.test(text)) {
    throw refusal(file, "this is an age key already", "secrets key import FILE takes it over as it is");
  }
  try {
    return await sshToAgeIdentity(bytes, () => askPassphrase(file));
  } catch (error) {
    throw error instanceof SecretsError ? error.at({ file }) : error;
  }
}

/**
 * Every identity of an age key file, with the comments above it. A file behind a passphrase is opened.
 * @throws SecretsError `E_KEY_FILE` for a file without an identity, `E_IDENTITY`, `E_PASSPHRASE`, `E_AGE_…`
 */
export async function entriesOfAgeFile(
  { name: file, origin, bytes }: ImportedText,
  today: string,
  askPassphrase: AskPassphrase,
): Promise<KeyEntry[]> {
  const start = Buffer.from(bytes.subarray(0, 14)).toString("latin1");
  const sealed = start === "age-encryption" || start === "-----BEGIN AGE";
  const plain = sealed ? await openSealed(file, bytes, askPassphrase) : bytes;
  const text = Buffer.from(plain).toString("utf8");
  refuseForeign(file, text);
  if (/^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text.trimStart())) {
    throw refusal(file, "this is an SSH key", "the age key derived from it: secrets key import --from-ssh FILE");
  }
  const found = await readIdentityLines(text, file);
  if (found.length === 0) {
    throw refusal(file, "there is no key in this file", "give a file as age-keygen writes it: AGE-SECRET-KEY-1…");
  }
  return found.map(({ identity, recipients, comments }) => ({
    identity,
    recipients,
    comments: [
      `from ${oneLine(origin)}, ${today}`,
      ...comments.map(bare).filter((comment) => isKept(comment, recipients.length > 0)),
    ],
  }));
}

async function openSealed(file: string, bytes: Uint8Array, askPassphrase: AskPassphrase): Promise<Uint8Array> {
  const passphrase = await askPassphrase(file);
  if (passphrase === null) {
    throw new SecretsError("E_PASSPHRASE", "this key file is behind a passphrase, and none was given", {
      kind: "identity",
      location: { file },
      hint: "run it on a terminal, where the passphrase can be asked for",
    });
  }
  const plain = await decryptWith([passphraseIdentity(passphrase, file)], bytes).catch((error: unknown) => {
    throw error instanceof SecretsError ? error.at({ file }) : error;
  });
  if (plain !== null) return plain;
  throw new SecretsError("E_PASSPHRASE", "this key file is behind another passphrase, or behind none at all", {
    kind: "identity",
    location: { file },
  });
}

function bare(comment: string): string {
  return comment.replace(/^#+ ?/, "").trimEnd();
}

/**
 * An empty line says nothing, and the public half is written anew. Of a plugin it is known by such a comment alone.
 * @param known the public half follows from the identity itself
 */
function isKept(comment: string, known: boolean): boolean {
  return (
    comment !== "" && !(known && /^public key:/i.test(comment)) && !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(comment)
  );
}

/** A name with a line break in it would end the comment. */
function oneLine(name: string): string {
  return name.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?");
}

function refusal(file: string, message: string, hint: string): SecretsError {
  return new SecretsError("E_KEY_FILE", message, { location: { file }, hint });
}
