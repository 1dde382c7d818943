/**
 * Public SSH keys in the texts in which people have them: `.pub` files, authorized_keys with options (sshd(8)),
 * known_hosts with hosts and markers, and what ssh-keyscan prints.
 */
import { SecretsError } from "../errors.ts";
import { parseSshPublicLine, type SshPublicKey } from "./ssh-public-key.ts";

export type SshKeyLine = SshKeyFound | SshLineSkipped;

export interface SshKeyFound {
  /** From 1. */
  readonly line: number;
  readonly key: SshPublicKey;
  /** What stands before the key: hosts, or options. */
  readonly before?: string;
  /** What stands behind it. */
  readonly comment?: string;
}

export interface SshLineSkipped {
  readonly line: number;
  /** A predicate: `is an ecdsa key, which …`. Never what stands there. */
  readonly skipped: string;
}

/** The names of key types that OpenSSH writes (`ssh -Q key`), certificates included. */
const TYPE =
  /^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com|(ssh|ecdsa|sk)-[a-z0-9-]+-cert-v01@openssh\.com)$/;

/** Every line but the empty ones and comments, in order: its key, or why it has none that can be used. */
export function readSshKeyLines(text: string): SshKeyLine[] {
  return text.split("\n").flatMap((raw, index): SshKeyLine[] => {
    const content = raw.trim();
    return content === "" || content.startsWith("#") ? [] : [readLine(content, index + 1)];
  });
}

function readLine(content: string, line: number): SshKeyLine {
  const words = splitWords(content);
  const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
  if (marker === "@revoked") return { line, skipped: "is of a key that was revoked" };
  if (marker !== undefined) return { line, skipped: "is of a certificate authority, not of a host" };
  const at = words.findIndex((word) => TYPE.test(word));
  const type = words[at];
  if (type === undefined || at > 1) return { line, skipped: "is no public SSH key" };
  if (type !== "ssh-ed25519" && type !== "ssh-rsa") return { line, skipped: `is ${kindOf(type)}` };
  const before = at === 0 ? undefined : words[0];
  const comment = words.slice(at + 2).join(" ");
  try {
    const key = parseSshPublicLine(`${type} ${words[at + 1] ?? ""}`);
    return {
      line,
      key,
      ...(before === undefined ? {} : { before }),
      ...(comment === "" ? {} : { comment }),
    };
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return { line, skipped: error.message.replace(/^An SSH public key (.*)\.$/, "holds a key that $1") };
  }
}

function kindOf(type: string): string {
  if (type.includes("-cert-v01@")) return "a certificate: the key itself is wanted";
  if (type.startsWith("sk-")) return "a key on a security token, which age cannot use";
  return type === "ssh-dss" ? "a DSA key, which age cannot use" : "an ECDSA key, which age cannot use";
}

/** At blanks, but not at those between double quotes, which options may hold. In one pass: lines may be very long. */
function splitWords(content: string): string[] {
  const words: string[] = [];
  let start = -1;
  let quoted = false;
  for (let i = 0; i <= content.length; i++) {
    const character = content.charAt(i);
    const ends = character === "" || (!quoted && (character === " " || character === "\t"));
    if (ends && start !== -1) words.push(content.slice(start, i));
    if (ends) start = -1;
    else if (start === -1) start = i;
    if (character === '"') quoted = !quoted;
    else if (quoted && character === "\\") i++;
  }
  return words;
}
