/** Identities: the private keys that open age files, and the text files that people keep them in. */
import { createHash } from "node:crypto";
import { SecretsError } from "../errors.ts";
import { decodeBech32 } from "./bech32.ts";
import type { Header } from "./header.ts";
import type { Plugins } from "./plugin/plugins.ts";
import { parsePluginIdentity } from "./plugin.ts";
import { hybridRecipientOf, unwrapHybrid } from "./post-quantum.ts";
import { unwrapScrypt } from "./scrypt.ts";
import { unwrapSshEd25519 } from "./ssh-ed25519.ts";
import type { SshPrivateKey } from "./ssh-private-key.ts";
import { unwrapSshRsa } from "./ssh-rsa.ts";
import { formatX25519Recipient, parseX25519Identity, unwrapX25519, x25519Key } from "./x25519.ts";

export interface Identity {
  readonly kind: "x25519" | "hybrid" | "ssh-ed25519" | "ssh-rsa" | "passphrase" | "plugin";
  /**
   * The public texts of this key, as `recipientId` spells them. An SSH Ed25519 key has two: itself, and the `age1…`
   * that ssh-to-age derives from it. A passphrase has none.
   */
  readonly recipients: readonly string[];
  /** The place it came from, for messages. */
  readonly source: string;
  /**
   * The file key, or null if no stanza is for this identity. It takes the whole header because the age library does.
   *
   * @throws SecretsError `E_AGE_HEADER` for a malformed stanza of this kind
   */
  unwrapFileKey(header: Header): Uint8Array | null | Promise<Uint8Array | null>;
}

export interface PluginIdentity {
  /** `yubikey` for `AGE-PLUGIN-YUBIKEY-1…`. */
  readonly plugin: string;
  /** `AGE-PLUGIN-YUBIKEY-1…`: it names a key on hardware, or holds one. */
  readonly text: string;
  /** What the comments above it call its public halves; the plugin alone knows whether that is true. */
  readonly stated: readonly string[];
  readonly source: string;
  readonly line: number;
}

export interface ParsedIdentities {
  readonly identities: readonly Identity[];
  /** Usable by the program of that name. */
  readonly plugins: readonly PluginIdentity[];
  /** One `E_IDENTITY` for each line that is no identity. They name source and line, never what is there. */
  readonly problems: readonly SecretsError[];
}

/**
 * The identities in a text, by the rules of age and sops 3.13.3: one a line, empty lines and lines that start with
 * `#` are skipped, nothing may stand around a key. With `severalPerLine`, blanks separate keys (`SOPS_AGE_KEY`).
 * Unlike there, a bad line does not hide the good ones.
 */
export async function parseIdentities(
  text: string,
  source: string,
  options: { readonly severalPerLine?: boolean } = {},
): Promise<ParsedIdentities> {
  const identities: Identity[] = [];
  const plugins: PluginIdentity[] = [];
  const problems: SecretsError[] = [];
  let stated: string[] = [];
  for (const [index, rawLine] of text.split("\n").entries()) {
    const line = rawLine.replace(/\r$/, "");
    if (line.startsWith("#")) stated.push(...statedIn(line));
    if (line === "" || line.startsWith("#")) continue;
    for (const word of options.severalPerLine ? line.split(/[ \t]+/).filter(Boolean) : [line]) {
      const plugin = parsePluginIdentity(word);
      const identity = plugin === null ? await parseIdentity(word, source) : null;
      if (plugin !== null) {
        plugins.push({ plugin, text: word, stated, source, line: index + 1 });
      } else if (identity !== null) identities.push(identity);
      else problems.push(identityError(word, source, index + 1));
    }
    stated = [];
  }
  return { identities, plugins, problems };
}

/** `#    Recipient: age1yubikey1…` (age-plugin-yubikey), `# public key: age1se1…` (age-plugin-se, clan). */
function statedIn(comment: string): string[] {
  const recipient = /[\s:](age1\S+)\s*$/.exec(comment)?.[1];
  return recipient !== undefined && decodeBech32(recipient) !== null ? [recipient] : [];
}

async function parseIdentity(word: string, source: string): Promise<Identity | null> {
  if (word.startsWith("AGE-SECRET-KEY-PQ-1")) {
    try {
      const recipients = [await hybridRecipientOf(word)];
      return { kind: "hybrid", recipients, source, unwrapFileKey: (header) => unwrapHybrid(header, word) };
    } catch {
      return null;
    }
  }
  const key = parseX25519Identity(word);
  if (key === null) return null;
  const recipients = [formatX25519Recipient(key.point)];
  return { kind: "x25519", recipients, source, unwrapFileKey: (header) => unwrapX25519(header.stanzas, key) };
}

/** An SSH key as an identity. The seed of an Ed25519 key is wiped. */
export function sshIdentity(key: SshPrivateKey, source: string): Identity {
  if (key.type === "ssh-rsa") {
    const { publicKey, privateKey } = key;
    const unwrapFileKey = (header: Header) => unwrapSshRsa(header.stanzas, publicKey, privateKey);
    return { kind: "ssh-rsa", recipients: [publicKey.text], source, unwrapFileKey };
  }
  const scalar = ed25519Scalar(key.seed);
  const derived = x25519Key(scalar);
  scalar.fill(0);
  key.seed.fill(0);
  return {
    kind: "ssh-ed25519",
    recipients: [key.publicKey.text, formatX25519Recipient(derived.point)],
    source,
    unwrapFileKey: ({ stanzas }) => unwrapSshEd25519(stanzas, key.publicKey, derived) ?? unwrapX25519(stanzas, derived),
  };
}

/**
 * The identities of one plugin: its program is asked for all of them at once.
 * @param name `yubikey`
 */
export function pluginIdentity(
  plugins: Plugins,
  name: string,
  found: readonly Pick<PluginIdentity, "text" | "stated">[],
  source: string,
): Identity {
  const texts = found.map(({ text }) => text);
  return {
    kind: "plugin",
    recipients: found.flatMap(({ stated }) => stated),
    source,
    unwrapFileKey: ({ stanzas }) => plugins.unwrap(name, texts, stanzas),
  };
}

/** A passphrase, for files that are encrypted to nothing else. */
export function passphraseIdentity(passphrase: string, source: string): Identity {
  const unwrapFileKey = (header: Header) => unwrapScrypt(header, passphrase);
  return { kind: "passphrase", recipients: [], source, unwrapFileKey };
}

/**
 * The X25519 scalar of an Ed25519 seed: the first half of its SHA-512, *not* clamped. The curve clamps it in use, and
 * ssh-to-age prints it as it is, so clamping here would spell the same key differently.
 */
export function ed25519Scalar(seed: Uint8Array): Uint8Array {
  const digest = createHash("sha512").update(seed).digest();
  const scalar = Uint8Array.from(digest.subarray(0, 32));
  digest.fill(0);
  return scalar;
}

function identityError(word: string, file: string, line: number): SecretsError {
  const [reason, hint] = explain(word);
  return new SecretsError("E_IDENTITY", `A line is ${reason}.`, { hint, location: { file, line } });
}

function explain(word: string): readonly [reason: string, hint: string] {
  if (word.trim() !== word)
    return ["no identity: blanks stand before or behind it", "Remove the blanks; sops refuses them, too."];
  if (word.startsWith("age1")) return ["a recipient, not an identity", "Put the private half here: AGE-SECRET-KEY-1…."];
  if (word.startsWith("-----BEGIN")) {
    return ["the start of an SSH key", "Name an SSH key's file in SOPS_AGE_SSH_PRIVATE_KEY_FILE."];
  }
  if (/^AGE-(SECRET-KEY|PLUGIN)-/i.test(word))
    return ["a damaged identity", "Its checksum is wrong: copy the key again."];
  return ["no identity", "Expected AGE-SECRET-KEY-1…, AGE-SECRET-KEY-PQ-1… or AGE-PLUGIN-…."];
}
