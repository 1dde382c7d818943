/** Reads the host key of a machine with the system's `ssh-keyscan`, and has a person confirm it. */
import { type ScanHostKeys, type ScannedKey, type ScanTarget, scanHost } from "../actions/machine/scan-host.ts";
import { isFingerprintOf } from "../age/ssh-fingerprint.ts";
import { SecretsError } from "../errors.ts";
import { findProgram, run } from "../repo/program.ts";
import type { Context } from "./context.ts";
import { askYesNo } from "./terminal/prompt.ts";
import { style } from "./terminal/styled.ts";

/** Seconds that ssh-keyscan waits for an answer. */
const PATIENCE = 10;
/** All kinds that a server may have: what a host lacks is told by what it has. */
const KINDS = "ed25519,rsa,ecdsa";

/** @throws SecretsError `E_PROGRAM_MISSING`, and as `scanHost` */
export function scan(context: Context, target: ScanTarget): Promise<ScannedKey> {
  return scanHost(keyscan(context), target);
}

function keyscan({ env }: Context): ScanHostKeys {
  return async ({ host, port }) => {
    if (findProgram("ssh-keyscan", env) === undefined) {
      throw new SecretsError("E_PROGRAM_MISSING", "the program ssh-keyscan is not installed", {
        hint: "it comes with OpenSSH; or give the key as a file: --host-key FILE",
      });
    }
    const argv = ["ssh-keyscan", "-T", String(PATIENCE), "-t", KINDS, "-p", String(port), "--", host];
    // Each kind of key is a connection of its own.
    const { stdout } = await run(argv, {
      env: { PATH: env["PATH"] },
      timeoutMs: 4 * PATIENCE * 1000,
      maxOutput: 65_536,
    });
    return Buffer.from(stdout).toString("latin1");
  };
}

/**
 * What was scanned is what the person knows it to be, or says that it is.
 * @param fingerprint what was given on the command line
 * @throws SecretsError `E_FINGERPRINT`, `E_NO_TERMINAL`
 */
export async function confirmScanned(
  { terminal }: Context,
  where: string,
  { publicKey, fingerprint: found }: ScannedKey,
  fingerprint: string | undefined,
): Promise<void> {
  if (fingerprint !== undefined) {
    if (isFingerprintOf(publicKey, fingerprint)) return;
    throw new SecretsError("E_FINGERPRINT", `${where} answers with another host key than --fingerprint says`, {
      kind: "usage",
      hint: `it has ${found}; nothing was changed\nsomebody else may be answering: compare on the machine itself, ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`,
    });
  }
  terminal.note([style("bold", where), " answers with the host key ", style("bold", found)]);
  terminal.note("on the machine itself, ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub shows what it has to be");
  if (await askYesNo("Is it the same?", { terminal, flag: `--fingerprint ${found} (once you have compared it)` }))
    return;
  throw new SecretsError("E_FINGERPRINT", "the host key was not confirmed; nothing was changed", {
    kind: "interrupted",
    hint: "read it on the machine itself, and give it: --fingerprint SHA256:…",
  });
}
