/**
 * The SSH host key of a machine that runs, as `ssh-keyscan` reads it over the network. By itself that is trust on first
 * use: whoever answers may be somebody else. The caller compares the fingerprint with what is known, or asks.
 */
import { isIP } from "node:net";
import { sshToAgeRecipient } from "../../age/ssh.ts";
import { fingerprintOf } from "../../age/ssh-fingerprint.ts";
import { parseSshPublicLine } from "../../age/ssh-public-key.ts";
import { SecretsError } from "../../errors.ts";

export interface ScanTarget {
  readonly host: string;
  readonly port: number;
}

export interface ScannedKey {
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string;
  /** `age1…`, derived as ssh-to-age does. */
  readonly recipient: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
}

/** Standard output of `ssh-keyscan` for all kinds of keys; empty when nobody answers. */
export type ScanHostKeys = (target: ScanTarget) => Promise<string>;

const SSH_PORT = 22;
const NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?$/;

/**
 * `web01`, `web01:2222`, `192.0.2.7`, `[2001:db8::1]:2222`, `2001:db8::1`
 * @throws SecretsError `E_USAGE` for anything else, so that nothing typed can be an option of another program
 */
export function parseScanTarget(text: string): ScanTarget {
  const [, bracketed, plain = text, portText] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = portText === undefined ? SSH_PORT : Number(portText);
  const isHost = bracketed === undefined ? NAME.test(host) || isIP(host) > 0 : isIP(host) === 6 || NAME.test(host);
  if (isHost && port > 0 && port < 65_536) return { host, port };
  throw new SecretsError("E_USAGE", "this is no host that can be scanned", {
    kind: "usage",
    hint: text.includes("@")
      ? "a host key belongs to the host, not to a user on it: leave out what stands before the @"
      : "HOST or HOST:PORT, such as web01.example.org, 192.0.2.7:2222 or [2001:db8::1]:22",
  });
}

/** As known_hosts names it: the port counts only where it is another one. */
export function knownHostName({ host, port }: ScanTarget): string {
  return port === SSH_PORT ? host : `[${host}]:${port}`;
}

/**
 * @throws SecretsError `E_SCAN` when nobody answers or the answer makes no sense, `E_SCAN_NO_ED25519` for a host that
 *   has only keys which no age key can be derived from, and one with several
 */
export async function scanHost(scan: ScanHostKeys, target: ScanTarget): Promise<ScannedKey> {
  const found = new Map<string, Set<string>>();
  for (const line of (await scan(target)).split(/\r?\n/)) {
    const [, type, base64] = /^[^#\s]\S*[ \t]+([a-z][a-z0-9@.-]+)[ \t]+([A-Za-z0-9+/=]+)[ \t]*$/.exec(line) ?? [];
    if (type === undefined || base64 === undefined) continue;
    found.set(type, (found.get(type) ?? new Set()).add(`${type} ${base64}`));
  }
  const where = knownHostName(target);
  const keys = [...(found.get("ssh-ed25519") ?? [])];
  const [only] = keys;
  if (only === undefined) throw found.size === 0 ? nobody(where, target) : noEd25519(where, [...found.keys()]);
  if (keys.length > 1) {
    throw new SecretsError("E_SCAN", `${where} answers with ${keys.length} different ssh-ed25519 keys`, {
      hint: "several machines may share this address: name the one that is meant, or give its key as a file: --host-key FILE",
    });
  }
  const { text } = parseSshPublicLine(only);
  return { publicKey: text, recipient: sshToAgeRecipient(text), fingerprint: fingerprintOf(text) };
}

function nobody(where: string, { port }: ScanTarget): SecretsError {
  return new SecretsError("E_SCAN", `no SSH server answered at ${where}`, {
    hint: [
      `is it up, and does sshd listen on port ${port}? ssh-keyscan ${port === SSH_PORT ? "" : `-p ${port} `}HOST shows the same`,
      "a Mac has no SSH server until it is switched on: System Settings, General, Sharing, Remote Login",
      "without a server: --host-key FILE with a copy of /etc/ssh/ssh_host_ed25519_key.pub, or --generate before it exists",
    ].join("\n"),
  });
}

function noEd25519(where: string, types: readonly string[]): SecretsError {
  const names = types.map((type) => type.replace(/^ssh-|-sha2-.*/g, "").toUpperCase());
  return new SecretsError(
    "E_SCAN_NO_ED25519",
    `${where} has no ssh-ed25519 host key, only ${[...new Set(names)].sort().join(" and ")}`,
    {
      hint: [
        "an age key can be derived from an ed25519 key alone; on the host: sudo ssh-keygen -A makes the kinds that are missing",
        'on NixOS: services.openssh.hostKeys has to list { type = "ed25519"; path = "/etc/ssh/ssh_host_ed25519_key"; }',
        "or give it an age key of its own: --age-key age1…",
      ].join("\n"),
    },
  );
}
