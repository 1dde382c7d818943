/**
 * PGP recipients through the `gpg` program, with the arguments that sops gives it. Nothing of the document reaches
 * its command line: messages go through stdin, and the fingerprint follows `-r`, where it cannot be an option.
 */
import { SecretsError } from "../errors.ts";
import type { MasterKey } from "./metadata.ts";

export interface GpgResult {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Runs a program without a shell. The caller bounds time and the size of the output. */
export type RunGpg = (argv: readonly string[], stdin: Uint8Array) => Promise<GpgResult>;

/** A data key has 32 bytes, a Shamir share 33; anything else is not ours. */
const KEY_LENGTHS: readonly number[] = [32, 33];

/**
 * Unwraps a PGP entry.
 * @param program `SOPS_GPG_EXEC` if set, else `gpg`.
 * @returns null when gpg has no key for it.
 * @throws SecretsError `E_GPG` with gpg's own words as `cause` when it has the key and fails, or when what is inside
 *   is no data key.
 */
export async function openWithGpg(key: MasterKey, run: RunGpg, program = "gpg"): Promise<Uint8Array | null> {
  const { code, stdout, stderr } = await run([program, "-d"], Buffer.from(key.enc, "utf8"));
  if (code !== 0) {
    // In another language the reason is told although there is nothing to mend; that is the smaller evil.
    if (/no secret key/i.test(stderr)) return null;
    throw new SecretsError("E_GPG", `gpg could not open the entry of ${key.id}.`, {
      // What gpg says of the key; the message itself never appears there.
      cause: new SecretsError("E_GPG", stderr.trim().split("\n").at(-1) ?? ""),
      hint: `Try 'gpg --decrypt' yourself: the agent, the card or the passphrase may be missing.`,
    });
  }
  if (KEY_LENGTHS.includes(stdout.length)) return stdout;
  throw new SecretsError("E_GPG", `gpg opened the entry of ${key.id}, but it holds no data key.`, {
    hint: "The entry is damaged, or this gpg is too old for its cipher; restore the file from git history or update gpg.",
  });
}

/**
 * Wraps a data key or share for a PGP fingerprint.
 * @returns the armored message as sops stores it, without the final line break.
 * @throws SecretsError `E_GPG` when gpg does not know or trust the key.
 */
export async function sealWithGpg(
  fingerprint: string,
  dataKey: Uint8Array,
  run: RunGpg,
  program = "gpg",
): Promise<string> {
  const recipient = fingerprint.replaceAll(" ", "");
  const argv = [program, "--no-default-recipient", "--yes", "--encrypt", "-a", "-r", recipient];
  const { code, stdout, stderr } = await run(
    [...argv, "--trusted-key", longKeyId(recipient), "--no-encrypt-to"],
    dataKey,
  );
  const message = Buffer.from(stdout).toString("utf8").trim();
  if (code === 0 && message.startsWith("-----BEGIN PGP MESSAGE-----")) return message;
  throw new SecretsError("E_GPG", `gpg did not encrypt to ${recipient}.`, {
    // What gpg says of the key; the message itself never appears there.
    cause: new SecretsError("E_GPG", stderr.trim().split("\n").at(-1) ?? ""),
    hint: "Import the public key with 'gpg --import', then try again.",
  });
}

/** The last 16 digits, with the `!` that pins a subkey. */
function longKeyId(fingerprint: string): string {
  return fingerprint.slice(fingerprint.endsWith("!") ? -17 : -16);
}
