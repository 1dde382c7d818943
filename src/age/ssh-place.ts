/** A place that holds an SSH private key, which may be locked. */
import { SecretsError } from "../errors.ts";
import { type Identity, sshIdentity } from "./identity.ts";
import { broken, type Contents, type Key, type KeyringPorts, NOTHING, once, problemOf } from "./place.ts";
import type { PlaceSpec } from "./places.ts";
import { parseSshKeyFile, type SshKeyFile } from "./ssh-private-key.ts";
import { parseSshPublicLine, type SshPublicKey } from "./ssh-public-key.ts";
import { formatX25519Recipient } from "./x25519.ts";

/** Takes over `bytes`, which are wiped. */
export async function readSsh(bytes: Uint8Array, spec: PlaceSpec, ports: KeyringPorts): Promise<Contents> {
  try {
    const file = parseSshKeyFile(bytes);
    if (!file.encrypted) {
      const identity = sshIdentity(await file.unlock(), spec.name);
      return sshContents({ recipients: identity.recipients, locked: false, unlock: async () => identity });
    }
    const publicKey = file.publicKey ?? (await readPublicHalf(spec, ports));
    if (publicKey !== null) return lockedSsh(file, publicKey, spec, ports);
    const load = once(() => openNamelessSsh(file, spec, ports));
    return { ...NOTHING, found: true, pending: { needs: "passphrase", load } };
  } catch (cause) {
    return { ...broken(spec, "holds an SSH key that cannot be used", cause), found: true };
  } finally {
    bytes.fill(0);
  }
}

function sshContents(key: Key): Contents {
  return { found: true, keys: [key], plugins: [] };
}

function lockedSsh(file: SshKeyFile, publicKey: SshPublicKey, spec: PlaceSpec, ports: KeyringPorts): Contents {
  const derived = publicKey.type === "ssh-ed25519" ? [formatX25519Recipient(publicKey.montgomery)] : [];
  const unlock = once(async () => {
    const opened = await unlockSsh(file, spec, ports);
    if (opened instanceof SecretsError) contents.problem = opened;
    else if (opened.recipients[0] === publicKey.text) return opened;
    else contents.problem = problemOf(spec, "has another public half than the .pub file beside it");
    return null;
  });
  const contents = sshContents({ recipients: [publicKey.text, ...derived], locked: true, unlock });
  return contents;
}

/** An encrypted PEM file without a .pub beside it: whose key it is shows only when it is open. */
async function openNamelessSsh(file: SshKeyFile, spec: PlaceSpec, ports: KeyringPorts): Promise<Contents> {
  const opened = await unlockSsh(file, spec, ports);
  if (opened instanceof SecretsError) return { ...NOTHING, found: true, problem: opened };
  return sshContents({ recipients: opened.recipients, locked: false, unlock: async () => opened });
}

async function unlockSsh(file: SshKeyFile, spec: PlaceSpec, ports: KeyringPorts): Promise<Identity | SecretsError> {
  const passphrase = await ports.askPassphrase(`the SSH key ${spec.name}`);
  if (passphrase === null) return problemOf(spec, "is protected by a passphrase that nobody gave");
  try {
    return sshIdentity(await file.unlock(passphrase), spec.name);
  } catch (cause) {
    const wrong = cause instanceof SecretsError && cause.code === "E_PASSPHRASE";
    return problemOf(
      spec,
      wrong ? "is protected by another passphrase" : "holds an SSH key that cannot be used",
      cause,
    );
  }
}

async function readPublicHalf(spec: PlaceSpec, ports: KeyringPorts): Promise<SshPublicKey | null> {
  if (spec.kind !== "ssh") return null;
  try {
    const line = await ports.readFile(`${spec.path}.pub`);
    return line === null ? null : parseSshPublicLine(Buffer.from(line).toString("utf8"));
  } catch {
    return null;
  }
}
