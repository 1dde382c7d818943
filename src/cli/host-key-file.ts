/** The SSH host key of a machine in a file that a person names: public, as ssh-keyscan prints it, or private. */
import { refuseForeign } from "../actions/key/convert-keys.ts";
import { type PrivateHostKey, readPrivateHostKey } from "../age/host-key.ts";
import { sshToAgeRecipient } from "../age/ssh.ts";
import { readSshKeyLines, type SshKeyLine } from "../age/ssh-key-lines.ts";
import { parseSshKeyFile } from "../age/ssh-private-key.ts";
import { SecretsError } from "../errors.ts";
import type { Context } from "./context.ts";
import { readKeyInput } from "./key-input.ts";
import { askPassphrase } from "./terminal/prompt.ts";

export interface HostKey extends Pick<PrivateHostKey, "recipient" | "publicKey"> {
  /** Of a private key file. */
  readonly secret?: PrivateHostKey;
}

/**
 * The host key, and the age key that is derived from it; `-` is stdin.
 * @throws SecretsError `E_KEY_FILE` for a file without one, with several, and with a key that no sshd can start with;
 *   `E_SSH_KEY`
 */
export async function readHostKey(context: Context, file: string): Promise<HostKey> {
  const { bytes, name } = await readKeyInput(context, file);
  const text = bytes.toString("utf8");
  try {
    if (/^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text.trimStart())) return await readPrivate(bytes, name, context);
    refuseForeign(name, text);
    return readPublic(readSshKeyLines(text), name);
  } catch (error) {
    throw error instanceof SecretsError && error.location === undefined ? error.at({ file: name }) : error;
  }
}

async function readPrivate(bytes: Buffer, file: string, { terminal }: Context): Promise<HostKey> {
  const { encrypted, publicKey } = parseSshKeyFile(bytes);
  if (publicKey?.type === "ssh-rsa") throw noEd25519(file, "an RSA key");
  // Somebody would be asked for a passphrase on behalf of a machine that has nobody to ask.
  if (encrypted) {
    throw refusal(
      file,
      "this host key has a passphrase, and sshd cannot start with one",
      `nor can sops-nix open anything by it; on the machine: sudo ssh-keygen -p -N '' -f /etc/ssh/ssh_host_ed25519_key\nif it is some other key of a person: secrets key import --from-ssh FILE`,
    );
  }
  const secret = await readPrivateHostKey(bytes, () => askPassphrase(file, terminal));
  return { recipient: secret.recipient, publicKey: secret.publicKey, secret };
}

function readPublic(lines: readonly SshKeyLine[], file: string): HostKey {
  const keys = new Set(
    lines.flatMap((line) => ("key" in line && line.key.type === "ssh-ed25519" ? [line.key.text] : [])),
  );
  const [only] = keys;
  if (only !== undefined && keys.size === 1) return { recipient: sshToAgeRecipient(only), publicKey: only };
  if (only !== undefined) {
    throw refusal(
      file,
      `this file has ${keys.size} different ssh-ed25519 keys`,
      "give the one of the machine: its /etc/ssh/ssh_host_ed25519_key.pub",
    );
  }
  const [first] = lines;
  if (first === undefined) throw refusal(file, "there is no key in this file", HINT);
  if ("key" in first) throw noEd25519(file, "an RSA key");
  throw refusal(file, `line ${first.line} ${first.skipped}`, `no age key can be derived from it; ${HINT}`);
}

const HINT = "give /etc/ssh/ssh_host_ed25519_key.pub of the machine; sudo ssh-keygen -A makes one where there is none";

function noEd25519(file: string, what: string): SecretsError {
  return refusal(file, `this is ${what}, and an age key can be derived from an ed25519 key alone`, HINT);
}

function refusal(file: string, message: string, hint: string): SecretsError {
  return new SecretsError("E_KEY_FILE", message, { kind: "usage", location: { file }, hint });
}
