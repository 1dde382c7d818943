/**
 * What has to lie on the disk of a machine at its first boot, as the tree that `nixos-anywhere --extra-files` copies:
 * its SSH host key, and the age key that opens its secrets where sops-nix and clan look for it.
 */
import { publicHalf } from "../../age/age-key.ts";
import { type PrivateHostKey, readPrivateHostKey } from "../../age/host-key.ts";
import { recipientId } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import type { Principal } from "../../fleet/principals.ts";
import { getValue } from "../get.ts";
import { namedAs } from "../principal/who.ts";
import { targetOf } from "../target.ts";
import type { Workplace } from "../workplace.ts";
import { ageKeyAddress, hostKeyAddress, hostKeyPublicAddress } from "./machine-key.ts";

export interface DeployFile {
  /** Relative to the tree, which stands for the root of the machine. */
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

/** Folders that are the owner's alone; all others are open to everyone, as they are on the machine. */
export const PRIVATE_FOLDERS: ReadonlySet<string> = new Set(["var/lib/sops-nix"]);

const HOST_KEY = "etc/ssh/ssh_host_ed25519_key";
const AGE_KEY = "var/lib/sops-nix/key.txt";

export interface DeployKeys {
  readonly hostKey?: { readonly privateKey: string; readonly publicKey: string };
  /** `AGE-SECRET-KEY-1…` */
  readonly identity?: string;
}

export function deployTree({ hostKey, identity }: DeployKeys): readonly DeployFile[] {
  return [
    ...(hostKey === undefined
      ? []
      : [
          { path: HOST_KEY, mode: 0o600, text: hostKey.privateKey },
          { path: `${HOST_KEY}.pub`, mode: 0o644, text: hostKey.publicKey },
        ]),
    ...(identity === undefined ? [] : [{ path: AGE_KEY, mode: 0o600, text: `${identity.trim()}\n` }]),
  ];
}

export interface ToDeploy {
  readonly files: readonly DeployFile[];
  /** What the fleet does not have of it, for the person. */
  readonly missing: readonly string[];
}

/**
 * The tree of a machine from what is sealed of it.
 *
 * @throws SecretsError `E_NOT_FOUND`; `E_NOT_SEALED` when neither key is in the fleet; `E_KEY_MISMATCH` when what is
 *   sealed would not open what is sealed to the machine; and what opening them throws
 */
export async function readDeployFiles(workplace: Workplace, machine: string): Promise<ToDeploy> {
  const principal = namedAs(await workplace.fleet(), "machine", machine);
  const sealedHost = await valueAt(workplace, hostKeyAddress(machine));
  const identity = await valueAt(workplace, ageKeyAddress(machine));
  if (sealedHost === undefined && identity === undefined) {
    throw new SecretsError("E_NOT_SEALED", `neither the host key of ${machine} nor its age key is sealed here`, {
      hint: `the machine has made its own, and keeps it; to have a copy here: secrets set ${hostKeyAddress(machine)} < ssh_host_ed25519_key`,
    });
  }
  const host =
    sealedHost === undefined ? undefined : await readPrivateHostKey(Buffer.from(sealedHost, "utf8"), async () => null);
  refuseUseless(principal, machine, host, identity);
  if (host !== undefined) await refuseTwoHostKeys(workplace, machine, host);
  const hostKey =
    sealedHost === undefined || host === undefined
      ? {}
      : { hostKey: { privateKey: sealedHost, publicKey: `${host.publicKey} root@${machine}\n` } };
  return {
    files: deployTree({ ...hostKey, ...(identity === undefined ? {} : { identity }) }),
    missing: [
      ...(sealedHost === undefined ? [`no host key is sealed at ${hostKeyAddress(machine)}: sshd makes one`] : []),
      ...(identity === undefined
        ? [`no age key is sealed at ${ageKeyAddress(machine)}: sops.age.sshKeyPaths has to name the host key`]
        : []),
    ],
  };
}

/** With files that open nothing the machine would come up without its secrets. @throws SecretsError `E_KEY_MISMATCH` */
function refuseUseless(
  { keys }: Principal,
  machine: string,
  host: PrivateHostKey | undefined,
  identity: string | undefined,
): void {
  const registered = new Set(keys.map(({ id }) => id));
  const derived = [
    ...(host === undefined ? [] : [host.recipient]),
    ...(identity === undefined ? [] : [publicHalf(identity.trim())]),
  ];
  if (derived.some((recipient) => registered.has(recipientId(recipient)))) return;
  throw new SecretsError("E_KEY_MISMATCH", `what is sealed for ${machine} is not the key that it is registered by`, {
    hint: `with these files it could open nothing; secrets machine verify ${machine} says what differs`,
  });
}

/** People expect the public one; a machine with another would be taken for a stranger. @throws SecretsError `E_KEY_MISMATCH` */
async function refuseTwoHostKeys(workplace: Workplace, machine: string, { publicKey }: PrivateHostKey): Promise<void> {
  const stated = await valueAt(workplace, hostKeyPublicAddress(machine));
  if (stated === undefined || stated.trim().split(/\s+/).slice(0, 2).join(" ") === publicKey) return;
  throw new SecretsError("E_KEY_MISMATCH", `the sealed host key of ${machine} is not the one of its public value`, {
    location: { file: hostKeyPublicAddress(machine) },
    hint: `one of the two was changed without the other: secrets machine verify ${machine}`,
  });
}

/** The text of a value; undefined where there is none. */
async function valueAt(workplace: Workplace, address: string): Promise<string | undefined> {
  const target = await targetOf(workplace, address);
  if (target.tier === "vars" && target.state === "absent") return undefined;
  return Buffer.from((await getValue(workplace, address)).bytes).toString("utf8");
}
