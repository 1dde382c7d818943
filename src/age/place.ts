/** Looks at one place and tells what keys it holds, without asking or running anything that can wait. */
import { SecretsError } from "../errors.ts";
import { decryptWith } from "./file.ts";
import { type Identity, parseIdentities, passphraseIdentity, sshIdentity } from "./identity.ts";
import type { PlacePorts, PlaceSpec } from "./places.ts";
import { splitShellWords } from "./shell-words.ts";
import { parseSshKeyFile, type SshKeyFile } from "./ssh-private-key.ts";
import { parseSshPublicLine, type SshPublicKey } from "./ssh-public-key.ts";
import { formatX25519Recipient } from "./x25519.ts";

/** How the outside is reached. The buffers that `readFile` and `runCommand` return are wiped after use. */
export interface KeyringPorts extends PlacePorts {
  /** The bytes of a file, null if there is none. Rejects if it cannot be read. */
  readFile(path: string): Promise<Uint8Array | null>;
  /** Standard output of a program that is run without a shell. Rejects if it fails. */
  runCommand(argv: readonly string[]): Promise<Uint8Array>;
  /** What the person typed, or null if there is nobody to ask or they decline. `what` completes "Passphrase for …". */
  askPassphrase(what: string): Promise<string | null>;
}

/** A private key that is there: open, or behind a passphrase that is asked for when the key is needed. */
export interface Key {
  /** Public texts, as `Identity.recipients`. */
  readonly recipients: readonly string[];
  readonly locked: boolean;
  /** Null if nobody gave the passphrase, or a wrong one. Asks at most once. Rejects only if the person stops the run. */
  unlock(): Promise<Identity | null>;
}

/** What a place is known to hold. */
export interface Contents {
  readonly found: boolean;
  readonly keys: readonly Key[];
  /** Names of plugins whose identities are here; they cannot be used yet. */
  readonly plugins: readonly string[];
  /** The first thing that is wrong here; a locked key adds it when it is asked for. What is right is used all the same. */
  problem?: SecretsError;
  /** More may be here, at the price of running a command or asking for a passphrase. */
  readonly pending?: { readonly needs: "command" | "passphrase"; load(): Promise<Contents> };
}

const NOTHING: Contents = { found: false, keys: [], plugins: [] };
/** The limit of age for identity files. */
const MAX_FILE = 16 * 1024 * 1024;

/** Never rejects: what goes wrong becomes the place's problem. */
export async function readPlace(spec: PlaceSpec, ports: KeyringPorts): Promise<Contents> {
  switch (spec.kind) {
    case "text":
      if (spec.text.trim() === "") return broken(spec, "is set, but empty");
      return readIdentities(Buffer.from(spec.text), spec, ports);
    case "identities":
    case "ssh":
      return readFilePlace(spec, ports);
    default: {
      const load = () => runPlace(spec.kind === "ssh-command", spec.command, spec, ports);
      return { ...NOTHING, found: true, pending: { needs: "command", load } };
    }
  }
}

async function readFilePlace(spec: PlaceSpec & { readonly path: string }, ports: KeyringPorts): Promise<Contents> {
  const named = spec.name.startsWith("SOPS_") || spec.name.startsWith("AGE_");
  if (spec.path === "") return broken(spec, "is set, but empty");
  let bytes: Uint8Array | null;
  try {
    bytes = await ports.readFile(spec.path);
  } catch (cause) {
    return broken(spec, "names a file that cannot be read", cause);
  }
  // A file that a variable names is missed; a file at a usual place is just not there.
  if (bytes === null) return named ? broken(spec, "names a file that does not exist") : NOTHING;
  return spec.kind === "ssh" ? readSsh(bytes, spec, ports) : readIdentities(bytes, spec, ports);
}

async function runPlace(ssh: boolean, command: string, spec: PlaceSpec, ports: KeyringPorts): Promise<Contents> {
  const argv = splitShellWords(command);
  if (argv === null || argv.length === 0) return broken(spec, "is no complete command line");
  let output: Uint8Array;
  try {
    output = await ports.runCommand(argv);
  } catch (cause) {
    if (cause instanceof SecretsError && cause.kind === "interrupted") throw cause;
    return broken(spec, "names a command that failed", cause);
  }
  return ssh ? readSsh(output, spec, ports) : readIdentities(output, spec, ports);
}

async function readIdentities(bytes: Uint8Array, spec: PlaceSpec, ports: KeyringPorts): Promise<Contents> {
  if (bytes.length > MAX_FILE) return broken(spec, "is too large for a list of identities");
  const start = Buffer.from(bytes.subarray(0, 14)).toString("latin1");
  if (start === "age-encryption" || start === "-----BEGIN AGE") {
    const load = once(() => openSealed(bytes, spec, ports));
    return { ...NOTHING, found: true, pending: { needs: "passphrase", load } };
  }
  if (start.startsWith("-----BEGIN")) {
    bytes.fill(0);
    const hint = "Name the key's file in SOPS_AGE_SSH_PRIVATE_KEY_FILE.";
    const problem = new SecretsError(
      "E_IDENTITY",
      `${spec.name} holds an SSH key, where age identities are expected.`,
      {
        kind: "identity",
        hint,
      },
    );
    return { ...NOTHING, found: true, problem };
  }
  const text = Buffer.from(bytes).toString("utf8");
  bytes.fill(0);
  const severalPerLine = spec.kind === "text";
  const { identities, plugins, problems } = await parseIdentities(text, spec.name, { severalPerLine });
  return {
    found: true,
    keys: identities.map((identity) => ({
      recipients: identity.recipients,
      locked: false,
      unlock: async () => identity,
    })),
    plugins: plugins.map((plugin) => plugin.plugin),
    ...(problems[0] === undefined ? {} : { problem: problems[0] }),
  };
}

async function openSealed(file: Uint8Array, spec: PlaceSpec, ports: KeyringPorts): Promise<Contents> {
  const passphrase = await ports.askPassphrase(`the identity file ${spec.name}`);
  if (passphrase === null) return { ...broken(spec, "is protected by a passphrase that nobody gave"), found: true };
  try {
    const plain = await decryptWith([passphraseIdentity(passphrase, spec.name)], file);
    if (plain !== null) return readIdentities(plain, { kind: "identities", name: spec.name, path: "" }, ports);
    return { ...broken(spec, "is protected by another passphrase, or by none at all"), found: true };
  } catch (cause) {
    return { ...broken(spec, "is damaged", cause), found: true };
  }
}

async function readSsh(bytes: Uint8Array, spec: PlaceSpec, ports: KeyringPorts): Promise<Contents> {
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

function broken(spec: PlaceSpec, reason: string, cause?: unknown): Contents {
  return { ...NOTHING, problem: problemOf(spec, reason, cause) };
}

/** What another program or the system says is not repeated: it may quote what it read. */
function problemOf(spec: PlaceSpec, reason: string, cause?: unknown): SecretsError {
  const why = cause instanceof SecretsError ? cause : undefined;
  return new SecretsError("E_IDENTITY", `${spec.name} ${reason}.${why === undefined ? "" : ` ${why.message}`}`, {
    kind: "identity",
    ...(why?.hint === undefined ? {} : { hint: why.hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
