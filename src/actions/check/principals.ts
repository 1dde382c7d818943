/** Findings about people and machines: what the two tiers say of them, and keys that will not work. */

import type { Fleet } from "../../fleet/fleet.ts";
import type { KeyOrigin, Principal, PrincipalKey } from "../../fleet/principals.ts";
import { shortenKey } from "../reader-names.ts";
import { type Finding, finding } from "./finding.ts";
import { shellWord } from "./shell-word.ts";

export function checkPrincipals(fleet: Fleet): Finding[] {
  const { principals } = fleet;
  return [
    ...principals.disagreements.map(({ principal, varsOnly, filesOnly }) =>
      disagreement(principal, varsOnly, filesOnly),
    ),
    ...principals.sharedKeys.map(({ id, names, origins }) =>
      finding(
        "shared-key",
        placeOf(origins),
        `${names.join(", ")} have the same key ${shortenKey(id)}`,
        "use one name for one key",
      ),
    ),
    ...principals.oneTier.map(({ principal, tier }) => oneTier(principal, tier)),
    ...principals.all.flatMap(sshKeysOfMachine),
    ...unknownMachines(fleet),
  ];
}

function disagreement(
  principal: Principal,
  varsOnly: readonly PrincipalKey[],
  filesOnly: readonly PrincipalKey[],
): Finding {
  const origins = [...varsOnly, ...filesOnly].flatMap((key) => key.origins);
  const at = (keys: readonly PrincipalKey[]) =>
    keys.map(({ id, origins: [origin] }) => `${shortenKey(id)} at ${spell(origin)}`).join(", ");
  const message = `${principal.name} has different keys in the two tiers: ${at(varsOnly) || "none"} and ${at(filesOnly) || "none"}`;
  return finding("tiers-disagree", placeOf(origins), message, "make both places state the same key");
}

function oneTier({ name, kind, keys }: Principal, tier: "vars" | "files"): Finding {
  const what = kind === "machine" ? "the machine" : kind === "user" ? "the user" : "the name";
  const other = tier === "vars" ? ".sops.yaml" : "sops/users or sops/machines";
  const message = `${what} ${name} is known to ${tier === "vars" ? "vars" : ".sops.yaml"} only`;
  return finding(
    "one-tier",
    placeOf(keys.flatMap((key) => key.origins)),
    message,
    `state its key in ${other} too, if it should read there`,
  );
}

function sshKeysOfMachine({ kind, name, keys }: Principal): Finding[] {
  if (kind !== "machine") return [];
  return keys
    .filter(({ id }) => id.startsWith("ssh-"))
    .map(({ id, origins }) => {
      const message = `${name} has an ssh- recipient, which sops-nix cannot open on the machine`;
      const fix = id.startsWith("ssh-ed25519 ")
        ? `replace it by the output of: echo '${id}' | ssh-to-age`
        : "use the machine's ed25519 host key, converted with ssh-to-age";
      return finding("ssh-machine", placeOf(origins), message, fix);
    });
}

/** A machine with public values alone needs no key; one that both registries have never heard of is a leftover. */
function unknownMachines({ documents, publicValues, principals, registry }: Fleet): Finding[] {
  const folders = new Map<string, string>();
  for (const { parts, path } of [...documents, ...publicValues]) {
    if (parts.kind !== "var" || parts.machine === undefined || folders.has(parts.machine)) continue;
    folders.set(parts.machine, path.slice(0, path.indexOf(`/${parts.machine}/`) + 1 + parts.machine.length));
  }
  return [...folders]
    .filter(([name]) => !registry.machines.has(name) && principals.find(name, "machine") === undefined)
    .map(([name, path]) =>
      finding(
        "machine-unknown",
        { path },
        `there are vars of ${name}, a machine that is registered nowhere`,
        `git rm -r ${shellWord(path)}`,
      ),
    );
}

function placeOf(origins: readonly KeyOrigin[]): { path: string; line?: number } {
  const [origin] = origins;
  return origin === undefined ? { path: ".sops.yaml" } : { path: origin.path, line: origin.line };
}

function spell(origin: KeyOrigin | undefined): string {
  return origin === undefined ? "nowhere" : `${origin.path}:${origin.line}`;
}
