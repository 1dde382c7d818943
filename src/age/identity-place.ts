/** A place that holds age identities as text, or a passphrase-protected file of them. */
import { SecretsError } from "../errors.ts";
import { decryptWith } from "./file.ts";
import { type PluginIdentity, parseIdentities, passphraseIdentity, pluginIdentity } from "./identity.ts";
import { broken, type Contents, type Key, type KeyringPorts, NOTHING, once } from "./place.ts";
import type { PlaceSpec } from "./places.ts";

/** The limit of age for identity files. */
const MAX_FILE = 16 * 1024 * 1024;

/** Takes over `bytes`, which are wiped. Rejects only if the person stops the run at a prompt. */
export async function readIdentities(bytes: Uint8Array, spec: PlaceSpec, ports: KeyringPorts): Promise<Contents> {
  if (bytes.length > MAX_FILE) return broken(spec, "is too large for a list of identities");
  const start = Buffer.from(bytes.subarray(0, 14)).toString("latin1");
  if (start === "age-encryption" || start === "-----BEGIN AGE") {
    const load = once(() => openSealed(bytes, spec, ports));
    return { ...NOTHING, found: true, pending: { needs: "passphrase", load } };
  }
  if (start.startsWith("-----BEGIN")) {
    bytes.fill(0);
    const message = `${spec.name} holds an SSH key, where age identities are expected.`;
    const hint = "Name the key's file in SOPS_AGE_SSH_PRIVATE_KEY_FILE.";
    return { ...NOTHING, found: true, problem: new SecretsError("E_IDENTITY", message, { kind: "identity", hint }) };
  }
  const text = Buffer.from(bytes).toString("utf8");
  bytes.fill(0);
  const severalPerLine = spec.kind === "text";
  const { identities, plugins, problems } = await parseIdentities(text, spec.name, { severalPerLine });
  return {
    found: true,
    keys: [
      ...identities.map((identity) => ({
        recipients: identity.recipients,
        locked: false,
        unlock: async () => identity,
      })),
      ...pluginKeys(plugins, spec, ports),
    ],
    plugins: plugins.map((plugin) => plugin.plugin),
    ...(problems[0] === undefined ? {} : { problem: problems[0] }),
  };
}

/** One for each program: it is started once for all of its identities. */
function pluginKeys(found: readonly PluginIdentity[], spec: PlaceSpec, { plugins }: KeyringPorts): Key[] {
  if (plugins === undefined) return [];
  const names = [...new Set(found.map(({ plugin }) => plugin))];
  return names.map((name) => {
    const own = found.filter(({ plugin }) => plugin === name);
    const identity = pluginIdentity(plugins, name, own, spec.name);
    const plugin = { name, nameless: own.some(({ stated }) => stated.length === 0) };
    return { recipients: identity.recipients, locked: false, plugin, unlock: async () => identity };
  });
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
