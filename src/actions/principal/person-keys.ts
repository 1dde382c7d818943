/** The keys of a person as they are given, on the command line and in files: those that get in, and why others do not. */
import { foreignKey } from "../../age/foreign-key.ts";
import { type PublicKeyLine, readGithubKeys, readPublicKeyLines } from "../../age/public-key-lines.ts";
import { sshToAgeRecipient } from "../../age/ssh.ts";
import { SecretsError } from "../../errors.ts";
import { parseStatedKey, type StatedPublicKey, tellKey } from "./stated-key.ts";

export interface GivenKeys {
  /** As they were typed. */
  readonly typed: readonly string[];
  readonly files: readonly KeyText[];
  /** Take the age key that is derived from an Ed25519 SSH key, instead of it. */
  readonly asAge: boolean;
}

export interface KeyText {
  /** For messages. */
  readonly name: string;
  readonly text: string;
  /** What GitHub answers with, which may be JSON. */
  readonly fromGithub: boolean;
}

export interface PersonKeys {
  /** Each once, in the order in which they were given. */
  readonly keys: readonly StatedPublicKey[];
  /** What was left out, or is there twice: sentences for the plan. */
  readonly notes: readonly string[];
}

/** More of them are no person's; each would be in every document. */
const MAX_KEYS = 64;
const MAX_BITS = 10;

/** @throws SecretsError `E_RECIPIENT` for a typed one, `E_KEY_FILE` for a file without one that can be used */
export function personKeys({ typed, files, asAge }: GivenKeys): PersonKeys {
  const notes: string[] = [];
  const all: StatedPublicKey[] = typed.map((text) => {
    const key = parseStatedKey(text);
    if (!asAge || !key.id.startsWith("ssh-")) return key;
    return parseStatedKey(sshToAgeRecipient(key.id));
  });
  for (const file of files) {
    const read = readText(file, asAge);
    all.push(...read.keys);
    notes.push(...read.skipped.map(({ place, skipped }) => `${file.name}: ${place} ${skipped}; it is left out`));
  }
  const keys = new Map<string, StatedPublicKey>();
  for (const key of all) {
    if (keys.has(key.id)) notes.push(`${tellKey(key)} was given twice, and is taken once`);
    keys.set(key.id, key);
  }
  for (const key of keys.values()) {
    const derived = key.id.startsWith("ssh-ed25519 ") ? keys.get(sshToAgeRecipient(key.id)) : undefined;
    if (derived === undefined) continue;
    notes.push(`${tellKey(derived)} is derived from ${tellKey(key)}: who has the one has the other`);
  }
  return { keys: [...keys.values()], notes };
}

interface ReadText {
  readonly keys: readonly StatedPublicKey[];
  readonly skipped: readonly { readonly place: string; readonly skipped: string }[];
}

function readText({ name, text, fromGithub }: KeyText, asAge: boolean): ReadText {
  refusePrivate(name, text);
  if (fromGithub && text.trim() === "") {
    throw refusal(name, "there is no key here", "this account shows none on GitHub, or there is no such account");
  }
  const foreign = foreignKey(text);
  if (foreign !== undefined) {
    const isPgp = /^-----BEGIN PGP PUBLIC/.test(text.trimStart());
    throw refusal(name, `this ${foreign.what}`, isPgp ? "gpg --import it, then --pgp-key FINGERPRINT" : foreign.hint);
  }
  const lines = located(name, () => (fromGithub ? readGithubKeys(text) : readPublicKeyLines(text)));
  const read = lines.map((line) => (asAge ? derive(line) : line));
  const found = read.flatMap((line) => ("recipient" in line ? [parseStatedKey(line.recipient)] : []));
  const skipped = read.flatMap((line) => ("skipped" in line ? [line] : []));
  if (found.length > MAX_KEYS) {
    throw refusal(name, `these are ${found.length} keys, more than one person has`, "give the keys of one person");
  }
  if (found.length > 0) return { keys: found, skipped };
  throw refusal(name, "there is no key here that can be used", whyNone(skipped));
}

function derive(line: PublicKeyLine): PublicKeyLine {
  if (!("recipient" in line) || !line.recipient.startsWith("ssh-")) return line;
  if (line.recipient.startsWith("ssh-ed25519 ")) return { ...line, recipient: sshToAgeRecipient(line.recipient) };
  return { place: line.place, skipped: "is an RSA key, and only Ed25519 keys can be turned into age keys" };
}

function whyNone(skipped: ReadText["skipped"]): string {
  const bits = skipped.slice(0, MAX_BITS).map(({ place, skipped: why }) => `${place} ${why}`);
  const more = skipped.length - bits.length;
  return [
    ...bits,
    ...(more > 0 ? [`and ${more} more`] : []),
    skipped.some(({ skipped: why }) => why.includes("security token"))
      ? "keys on hardware are reached by an age plugin: --age-key age1NAME1…"
      : "ssh-ed25519 and ssh-rsa keys can be used, and age1… keys",
  ].join("\n");
}

/** @throws SecretsError `E_KEY_FILE` */
function refusePrivate(name: string, text: string): void {
  const lines = text.split("\n").map((line) => line.trim());
  for (const [index, line] of lines.entries()) {
    const print = PRIVATE.find(([start]) => start.test(line))?.[1];
    if (print === undefined) continue;
    throw new SecretsError("E_KEY_FILE", "this is a private key", {
      kind: "usage",
      location: { file: name, line: index + 1 },
      hint: `give its public half, which is printed by ${print} ${name === "stdin" ? "FILE" : name}`,
    });
  }
}

/** Of private keys, the program that prints the public half. */
const PRIVATE: readonly (readonly [start: RegExp, print: string])[] = [
  [/^-----BEGIN (?!PGP)[A-Z0-9 ]*PRIVATE KEY/, "ssh-keygen -y -f"],
  [/^AGE-SECRET-KEY-/i, "age-keygen -y"],
  [/^AGE-PLUGIN-/i, "the plugin; it also stands in"],
  [/^PuTTY-User-Key-File-/, "puttygen -L"],
];

function located<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof SecretsError ? error.at({ file }) : error;
  }
}

function refusal(file: string, message: string, hint: string): SecretsError {
  return new SecretsError("E_KEY_FILE", message, { kind: "usage", location: { file }, hint });
}
