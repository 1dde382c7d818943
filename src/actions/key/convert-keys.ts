/** `secrets key convert`: age keys of SSH keys, as the program ssh-to-age derives them. */
import { foreignKey } from "../../age/foreign-key.ts";
import { sshToAgeRecipient } from "../../age/ssh.ts";
import { readSshKeyLines } from "../../age/ssh-key-lines.ts";
import { parseSshKeyFile } from "../../age/ssh-private-key.ts";
import { SecretsError } from "../../errors.ts";

export interface ConvertedKeys {
  readonly schemaVersion: 1;
  readonly keys: readonly ConvertedKey[];
  readonly skipped: readonly SkippedLine[];
}

export interface ConvertedKey {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** `age1…` */
  readonly recipient: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly sshKey: string;
  /** Hosts or options that stand before the key. */
  readonly before?: string;
  readonly comment?: string;
}

export interface SkippedLine {
  readonly file: string;
  readonly line: number;
  /** Completes "line 3 …"; never what stands there. */
  readonly reason: string;
}

export interface KeyText {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The public age keys of public SSH keys in their several texts, and of the public half of private ones.
 * @throws SecretsError `E_KEY_FILE` for a file that holds keys in another form, `E_SSH_KEY`
 */
export function convertPublicKeys(texts: readonly KeyText[]): ConvertedKeys {
  const all = texts.map(convertText);
  return { schemaVersion: 1, keys: all.flatMap(({ keys }) => keys), skipped: all.flatMap(({ skipped }) => skipped) };
}

function convertText({ name: file, bytes }: KeyText): Pick<ConvertedKeys, "keys" | "skipped"> {
  const text = Buffer.from(bytes).toString("utf8");
  if (/^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text.trimStart())) return convertPublicHalf(file, bytes);
  refuseForeign(file, text);
  const keys: ConvertedKey[] = [];
  const skipped: SkippedLine[] = [];
  for (const found of readSshKeyLines(text)) {
    const { line } = found;
    if ("skipped" in found) skipped.push({ file, line, reason: found.skipped });
    else if (found.key.type === "ssh-rsa") skipped.push({ file, line, reason: NO_RSA });
    else {
      const { key, before, comment } = found;
      keys.push({
        file,
        line,
        recipient: sshToAgeRecipient(key.text),
        sshKey: key.text,
        ...(before === undefined ? {} : { before }),
        ...(comment === undefined ? {} : { comment }),
      });
    }
  }
  return { keys, skipped };
}

const NO_RSA = "is an RSA key, and only Ed25519 keys can be turned into age keys";

function convertPublicHalf(file: string, bytes: Uint8Array): Pick<ConvertedKeys, "keys" | "skipped"> {
  const { publicKey } = located(file, () => parseSshKeyFile(bytes));
  if (publicKey === null) {
    throw new SecretsError("E_KEY_FILE", "this private key keeps its public half behind its passphrase", {
      location: { file },
      hint: "give the .pub file that belongs to it",
    });
  }
  if (publicKey.type === "ssh-rsa") return { keys: [], skipped: [{ file, line: 1, reason: NO_RSA }] };
  return {
    keys: [{ file, line: 1, recipient: sshToAgeRecipient(publicKey.text), sshKey: publicKey.text }],
    skipped: [],
  };
}

/** @throws SecretsError `E_KEY_FILE` for what is known to be something else, an age key among them */
export function refuseForeign(file: string, text: string): void {
  const foreign = foreignKey(text);
  if (foreign === undefined) return;
  throw new SecretsError("E_KEY_FILE", `this file ${foreign.what}`, { location: { file }, hint: foreign.hint });
}

/** What fails is told with the file it is about. */
function located<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof SecretsError ? error.at({ file }) : error;
  }
}
