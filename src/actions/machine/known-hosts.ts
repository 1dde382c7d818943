/** The line of a machine in the fleet's `known_hosts`, so that the first connection to it is no leap of faith. */
import { SecretsError } from "../../errors.ts";
import type { PolicyDraft } from "../rekey/policy-draft.ts";

/** At the top of the repository, for `programs.ssh.knownHostsFiles` and `ssh -o UserKnownHostsFile=…`. */
export const KNOWN_HOSTS = "known_hosts";

/** @param hosts as sshd(8) has them: `web01`, `192.0.2.7`, `[web01.example.org]:2222` */
export interface KnownHost {
  readonly hosts: readonly string[];
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
}

/**
 * A line that names one of the hosts with another ed25519 key is replaced: it told of a machine that is no more.
 * @returns whether a line was replaced
 * @throws SecretsError `E_KNOWN_HOSTS` for a file that holds anything else
 */
export async function draftKnownHost(
  draft: PolicyDraft,
  file: string,
  { hosts, publicKey }: KnownHost,
  reason: string,
): Promise<boolean> {
  const text = await readText(draft, file);
  if (!isKnownHostsText(Buffer.from(text))) throw unusable(file, "this file holds other things than host keys");
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const own = new Set(hosts);
  let replaced = false;
  const missing = new Set(hosts);
  const kept = linesOf(text).filter((line) => {
    const known = parseLine(line);
    if (known === undefined || !known.hosts.some((host) => own.has(host))) return true;
    if (known.publicKey !== publicKey) {
      replaced = true;
      return false;
    }
    for (const host of known.hosts) missing.delete(host);
    return true;
  });
  if (missing.size > 0) kept.push(`${[...missing].join(",")} ${publicKey}`);
  await write(draft, file, kept, newline, reason);
  return replaced;
}

/** The lines that name this machine alone go; from others its name goes. A file that holds anything else is left alone. */
export async function dropKnownHost(draft: PolicyDraft, file: string, host: string, reason: string): Promise<void> {
  await rewriteHosts(draft, file, (hosts) => hosts.filter((one) => one !== host), reason);
}

export async function renameKnownHost(
  draft: PolicyDraft,
  file: string,
  from: string,
  to: string,
  reason: string,
): Promise<void> {
  await rewriteHosts(draft, file, (hosts) => hosts.map((one) => (one === from ? to : one)), reason);
}

const LINE =
  /^(@[a-z-]+[ \t]+)?\S+[ \t]+(ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+[ \t]+[A-Za-z0-9+/]{40,}={0,2}([ \t].*)?$/;

/** Whether a file is nothing but lines of known_hosts. */
export function isKnownHostsText(bytes: Uint8Array): boolean {
  return linesOf(Buffer.from(bytes).toString("latin1")).every(
    (line) => line === "" || line.startsWith("#") || LINE.test(line),
  );
}

/** The ed25519 keys that a file states for a host, each once. */
export function knownKeysOf(text: string, host: string): string[] {
  const keys = linesOf(text).flatMap((line) => {
    const known = parseLine(line);
    return known?.hosts.includes(host) === true ? [known.publicKey] : [];
  });
  return [...new Set(keys)];
}

async function rewriteHosts(
  draft: PolicyDraft,
  file: string,
  change: (hosts: readonly string[]) => readonly string[],
  reason: string,
): Promise<void> {
  if ((await draft.ground.kind(file)) !== "file") return;
  const bytes = await draft.ground.read(file);
  // Whoever has to be locked out is not kept in by a file of notes that somebody spoilt.
  if (!isKnownHostsText(bytes)) return;
  const text = Buffer.from(bytes).toString("utf8");
  const lines = linesOf(text).flatMap((line) => {
    const known = parseLine(line);
    if (known === undefined) return [line];
    const hosts = change(known.hosts);
    if (hosts.join() === known.hosts.join()) return [line];
    return hosts.length === 0 ? [] : [line.replace(known.hosts.join(), () => hosts.join())];
  });
  await write(draft, file, lines, text.includes("\r\n") ? "\r\n" : "\n", reason);
}

async function write(
  draft: PolicyDraft,
  file: string,
  lines: readonly string[],
  newline: string,
  reason: string,
): Promise<void> {
  if (lines.length === 0) await draft.remove(file, reason);
  else await draft.write(file, Buffer.from(lines.map((line) => `${line}${newline}`).join(""), "utf8"), reason);
}

async function readText(draft: PolicyDraft, file: string): Promise<string> {
  const kind = await draft.ground.kind(file);
  if (kind === "missing") return "";
  if (kind !== "file") throw unusable(file, "this is no file");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await draft.ground.read(file));
  } catch {
    throw unusable(file, "this file is no text");
  }
}

function unusable(file: string, message: string): SecretsError {
  return new SecretsError("E_KNOWN_HOSTS", message, {
    location: { file },
    hint: "name another file with --known-hosts, or none with --no-known-hosts",
  });
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line, at, all) => line !== "" || at < all.length - 1);
}

/** A plain line with an ed25519 key. Comments, marked lines (`@revoked`) and hashed names are somebody else's matter. */
function parseLine(line: string): KnownHost | undefined {
  const [, hosts = "", key = ""] = /^([^\s#@|]\S*)[ \t]+(ssh-ed25519[ \t]+[A-Za-z0-9+/=]+)/.exec(line) ?? [];
  return hosts === "" ? undefined : { hosts: hosts.split(","), publicKey: key.replace(/[ \t]+/, " ") };
}
