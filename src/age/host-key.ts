/** An SSH host key as sshd keeps it, and the age key that is derived from it. */
import { publicHalf } from "./age-key.ts";
import { sshToAgeIdentity } from "./ssh.ts";
import { makeSshKeyPair } from "./ssh-key-pair.ts";
import { parseSshKeyFile } from "./ssh-private-key.ts";

export interface PrivateHostKey {
  /** `age1…` */
  readonly recipient: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string;
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: string;
  /** The file itself, if sshd could start with it: in OpenSSH's own format, without a passphrase. */
  readonly file?: string;
}

const OPENSSH = "-----BEGIN OPENSSH PRIVATE KEY-----";

/**
 * @param askPassphrase called at most once, and only for an encrypted file
 * @throws SecretsError `E_SSH_KEY` for a damaged key or one of another type, `E_PASSPHRASE`
 */
export async function readPrivateHostKey(
  bytes: Uint8Array,
  askPassphrase: () => Promise<string | null>,
): Promise<PrivateHostKey> {
  const { encrypted, publicKey } = parseSshKeyFile(bytes);
  const identity = await sshToAgeIdentity(bytes, askPassphrase);
  const text = Buffer.from(bytes).toString("latin1").replaceAll("\r\n", "\n").trim();
  return {
    recipient: publicHalf(identity),
    // Only an encrypted PEM keeps it to itself, and none of those holds an Ed25519 key that got this far.
    publicKey: publicKey?.text ?? "",
    identity,
    ...(!encrypted && text.startsWith(OPENSSH) ? { file: `${text}\n` } : {}),
  };
}

/** A new one for a machine that does not exist yet. */
export async function makeHostKey(machine: string): Promise<PrivateHostKey> {
  return readPrivateHostKey(Buffer.from(makeSshKeyPair(`root@${machine}`).privateKey, "latin1"), async () => null);
}
