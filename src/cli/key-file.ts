/** Files of keys that a person names on the command line. They lie outside of the fleet, and are read as they are. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type PrivateHostKey, readPrivateHostKey } from "../age/host-key.ts";
import { sshToAgeRecipient } from "../age/ssh.ts";
import { parseSshPublicLine } from "../age/ssh-public-key.ts";
import { SecretsError } from "../errors.ts";
import type { Context } from "./context.ts";
import { askPassphrase } from "./terminal/prompt.ts";

const MAX_BYTES = 1024 * 1024;

export interface HostKey extends Pick<PrivateHostKey, "recipient" | "publicKey"> {
  /** Of a private key file. */
  readonly secret?: PrivateHostKey;
}

/**
 * The age key of an SSH host key, public or private; `-` is stdin.
 * @throws SecretsError `E_KEY_FILE`, `E_RECIPIENT`, `E_SSH_KEY`, `E_PASSPHRASE`
 */
export async function readHostKey(context: Context, file: string): Promise<HostKey> {
  const bytes = await read(context, file);
  if (bytes.includes("PRIVATE KEY")) {
    const secret = await readPrivateHostKey(bytes, () => askPassphrase(file, context.terminal));
    return { recipient: secret.recipient, publicKey: secret.publicKey, secret };
  }
  const lines = bytes
    .toString("utf8")
    .split(/\r?\n/)
    // What ssh-keyscan prints has the host before the key.
    .map((line) => line.trim().replace(/^[^#\s]\S* (?=ssh-)/, ""))
    .filter((line) => line.startsWith("ssh-ed25519 "));
  const [only] = lines;
  if (only === undefined || lines.length !== 1) {
    throw keyFileError(
      file,
      only === undefined
        ? "there is no ssh-ed25519 key in this file"
        : "there are several ssh-ed25519 keys in this file",
      "give one host key: /etc/ssh/ssh_host_ed25519_key.pub",
    );
  }
  return { recipient: sshToAgeRecipient(only), publicKey: parseSshPublicLine(only).text };
}

async function read(context: Context, file: string): Promise<Buffer> {
  if (file === "-") return Buffer.from(await context.readStdin());
  const bytes = await readFile(resolve(context.directory, file)).catch((error: unknown) => {
    throw keyFileError(file, "this file cannot be read", "check the path", error);
  });
  if (bytes.length > MAX_BYTES) throw keyFileError(file, "this file is too large for a key", "check the path");
  return bytes;
}

function keyFileError(file: string, message: string, hint: string, cause?: unknown): SecretsError {
  return new SecretsError("E_KEY_FILE", message, { kind: "usage", location: { file }, hint, cause });
}
