/** Where the age key of a machine comes from: what sops-nix and clan each do, and what both mean at once. */
import type { MachineFacts } from "./machine-facts.ts";

/**
 * `host`: derived from its SSH host key, as sops-nix does by default. `managed`: made by clan, sealed at
 * `sops/secrets/<m>-age.key` and deployed. `both`: derived from the host key, and sealed there as well. `elsewhere`:
 * the fleet knows the public half and nothing of the other. `none`: no key is registered.
 */
export type KeyOrigin = "host" | "managed" | "both" | "elsewhere" | "none";

/** @param hosts recipients that are derived from host keys of the machine, from wherever they are known */
export function keyOrigin({ statements, sealedAgeKey }: MachineFacts, hosts: ReadonlySet<string>): KeyOrigin {
  if (statements.length === 0) return "none";
  const derived = statements.some(({ recipient }) => hosts.has(recipient));
  if (sealedAgeKey === undefined) return derived ? "host" : "elsewhere";
  // What it holds decides; as long as nobody can look, the registered key is taken for its public half.
  if (sealedAgeKey.recipient === undefined) return derived ? "both" : "managed";
  return hosts.has(sealedAgeKey.recipient) ? "both" : "managed";
}

/** Recipients derived from every host key that the fleet itself knows of. */
export function derivedRecipients({ publicValue, knownHost, sealedHostKey }: MachineFacts): ReadonlySet<string> {
  const all = [publicValue?.recipient, knownHost?.recipient, sealedHostKey?.recipient];
  return new Set(all.filter((one) => one !== undefined));
}

export const ORIGIN_TEXT: Readonly<Record<KeyOrigin, string>> = {
  host: "derived from its SSH host key",
  managed: "made by clan, sealed in the fleet and deployed",
  both: "derived from its SSH host key, sealed in the fleet as well",
  elsewhere: "managed elsewhere: the fleet knows the public half alone",
  none: "none is registered",
};
