/** Public keys of people in the texts in which they come: `.pub` files, authorized_keys, age recipients, GitHub's answers. */
import { SecretsError } from "../errors.ts";
import { type AgeRecipient, parseRecipient } from "./recipient.ts";
import { readSshKeyLines, type SshKeyLine } from "./ssh-key-lines.ts";

export type PublicKeyLine = PublicKeyFound | PublicKeySkipped;

export interface PublicKeyFound {
  /** `line 3`, or `key 2` of a list without lines. */
  readonly place: string;
  /** Without its comment: a comma in it would part it in two for sops. */
  readonly recipient: AgeRecipient;
}

export interface PublicKeySkipped {
  readonly place: string;
  /** A predicate: `is an ECDSA key, which …`. Never what stands there. */
  readonly skipped: string;
}

/** Every line but the empty ones and comments, in order. */
export function readPublicKeyLines(text: string): PublicKeyLine[] {
  return text.split("\n").flatMap((raw, index): PublicKeyLine[] => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return [];
    return [{ place: `line ${index + 1}`, ...readKey(line) }];
  });
}

/**
 * What `https://github.com/NAME.keys` gives, or the JSON of `gh api users/NAME/keys`.
 * @throws SecretsError `E_KEY_FILE` for an answer that is no list of keys
 */
export function readGithubKeys(text: string): PublicKeyLine[] {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) return readGithubList(trimmed);
  if (/^<(!doctype|html|\?xml)/i.test(trimmed)) throw noList("this is a web page, and no list of keys");
  if (/^not found\.?$/i.test(trimmed)) throw noList("GitHub knows no account of this name");
  return readPublicKeyLines(text);
}

function readGithubList(text: string): PublicKeyLine[] {
  let items: unknown;
  try {
    items = JSON.parse(text);
  } catch {
    // Its message would quote what stands there.
    throw noList("this is JSON that is cut off, or more than one");
  }
  if (!Array.isArray(items)) throw noList("GitHub answered with something else than a list of keys");
  return items.map((item: unknown, index): PublicKeyLine => {
    const place = `key ${index + 1}`;
    const { key } = (typeof item === "object" && item !== null ? item : {}) as { key?: unknown };
    if (typeof key !== "string" || /[\r\n]/.test(key.trim())) return { place, skipped: "is no public SSH key" };
    return { place, ...readKey(key.trim()) };
  });
}

type ReadKey = { readonly recipient: AgeRecipient } | { readonly skipped: string };

function readKey(line: string): ReadKey {
  if (line.startsWith("age1")) return readRecipient(line);
  const [found] = readSshKeyLines(line);
  return found === undefined ? { skipped: "is no public key" } : readSshLine(found);
}

function readRecipient(line: string): ReadKey {
  try {
    return { recipient: parseRecipient(line).text };
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return { skipped: error.message.replace(/^A recipient (.*)\.$/, "holds an age key that $1") };
  }
}

function readSshLine(found: SshKeyLine): ReadKey {
  if ("skipped" in found) return { skipped: found.skipped };
  const { before, key } = found;
  if (before !== undefined && /(^|,)cert-authority(,|$)/i.test(before)) {
    return { skipped: "is of a certificate authority: the key of the person is wanted" };
  }
  if (before !== undefined && !OPTIONS.test(before)) {
    return { skipped: "is the key of a host, and no person's: a host name stands before it" };
  }
  return { recipient: key.text as AgeRecipient };
}

/** What may stand before a key in authorized_keys (sshd(8)); sshd takes no line that begins with anything else. */
const OPTIONS =
  /^(restrict|verify-required|(no-)?(agent-forwarding|port-forwarding|pty|user-rc|x11-forwarding|touch-required)|(command|environment|expiry-time|from|permitlisten|permitopen|principals|tunnel)=")/i;

function noList(message: string): SecretsError {
  return new SecretsError("E_KEY_FILE", message, {
    kind: "usage",
    hint: "the keys of an account: curl -sf https://github.com/NAME.keys, or gh api users/NAME/keys",
  });
}
