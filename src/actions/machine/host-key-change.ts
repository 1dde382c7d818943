/** Another host key for a machine: what the fleet keeps of the old one follows. */
import type { PolicyDraft } from "../rekey/policy-draft.ts";
import { targetOf } from "../target.ts";
import type { Workplace } from "../workplace.ts";
import { draftKnownHost, isKnownHostsText, KNOWN_HOSTS, knownKeysOf } from "./known-hosts.ts";
import { hostKeyAddress, hostKeyPublicAddress } from "./machine-key.ts";

export interface NewHostKey {
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string;
  /** The private half as sshd reads it, if it is at hand. */
  readonly file?: string;
}

export interface HostKeyChange {
  /** New contents of documents, by path. */
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly warnings: readonly string[];
}

/**
 * The sealed host key, its public value and the line of known_hosts, each where there is one. A public value never
 * tells of another key than the sealed one beside it.
 */
export async function draftHostKey(
  workplace: Workplace,
  draft: PolicyDraft,
  machine: string,
  { publicKey, file }: NewHostKey,
): Promise<HostKeyChange> {
  const reason = `host key of ${machine}`;
  const kind = await draft.ground.kind(KNOWN_HOSTS);
  if (kind === "file") {
    const bytes = await draft.ground.read(KNOWN_HOSTS);
    // A fleet that keeps no such lines gets none by this.
    if (isKnownHostsText(bytes) && knownKeysOf(Buffer.from(bytes).toString("utf8"), machine).length > 0) {
      await draftKnownHost(draft, KNOWN_HOSTS, { hosts: [machine], publicKey }, reason);
    }
  }
  const sealed = await targetOf(workplace, hostKeyAddress(machine));
  if (sealed.tier !== "vars" || sealed.state !== "secret") return { values: new Map(), warnings: [] };
  if (file === undefined) {
    return {
      values: new Map(),
      warnings: [
        `${sealed.address} holds the old host key, and clan would deploy it; give the new private one (--from-host-key FILE), or remove it if the machine keeps its own: secrets rm ${sealed.address}`,
      ],
    };
  }
  const value = await targetOf(workplace, hostKeyPublicAddress(machine));
  if (value.tier === "vars" && value.state === "public") {
    await draft.write(value.path, Buffer.from(`${publicKey} root@${machine}\n`, "utf8"), reason);
  }
  return { values: new Map([[sealed.path, Buffer.from(file, "latin1")]]), warnings: [] };
}
