/** Findings about people and machines: what the two tiers say of them, and keys that will not work. */
import { sshToAgeRecipient } from "../../age/ssh.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { KeyOrigin, Principal, PrincipalKey } from "../../fleet/principals.ts";
import { shortenKey } from "../reader-names.ts";
import { type Finding, finding } from "./finding.ts";
import { editAt } from "./fix-commands.ts";
import { shellWord } from "./shell-word.ts";

export function checkPrincipals(fleet: Fleet): Finding[] {
  const { all, disagreements, sharedKeys, oneTier } = fleet.principals;
  return [
    ...disagreements.map(({ principal, varsOnly, filesOnly }) => disagreement(principal, varsOnly, filesOnly)),
    ...sharedKeys.map(({ id, names, origins }) => sharedKey(id, names, origins)),
    ...oneTier.map(({ principal, tier }) => knownToOne(fleet, principal, tier)),
    ...all.flatMap(sshKeysOfMachine),
  ];
}

/** The finding stands where the vars tier says it, the mend where a person can make the other say the same. */
function disagreement(
  { name }: Principal,
  varsOnly: readonly PrincipalKey[],
  filesOnly: readonly PrincipalKey[],
): Finding {
  const places = (keys: readonly PrincipalKey[]) =>
    keys.map(({ id, origins }) => `${shortenKey(id)} at ${spell(firstOf(origins))}`).join(", ") || "no key of its own";
  const message = `${name} has different keys in the two tiers: ${places(varsOnly)}, but ${places(filesOnly)}; make both say the same`;
  const origins = [...varsOnly, ...filesOnly].flatMap((key) => key.origins);
  const mendable = filesOnly.flatMap((key) => key.origins);
  return finding(
    "tiers-disagree",
    firstOf(origins),
    message,
    editAt(firstOf(mendable.length > 0 ? mendable : origins)),
  );
}

function sharedKey(id: string, names: readonly string[], origins: readonly KeyOrigin[]): Finding {
  const message = `${names.join(", ")} have the same key ${shortenKey(id)}`;
  return finding("shared-key", firstOf(origins), message, editAt(firstOf(origins)));
}

function knownToOne({ configs, registry }: Fleet, principal: Principal, tier: "vars" | "files"): Finding {
  const { name, kind, keys } = principal;
  const what = kind === "machine" ? "the machine" : kind === "user" ? "the user" : "the name";
  const place = firstOf(keys.flatMap((key) => key.origins));
  const message = `${what} ${name} is known to ${tier === "vars" ? "vars" : ".sops.yaml"} only`;
  if (tier === "vars") {
    if (kind === "user" && configs.some(({ sound }) => sound))
      return finding("one-tier", place, message, registration(principal));
    return finding("one-tier", place, message, editAt({ path: configs[0]?.path ?? ".sops.yaml" }));
  }
  const registered = registry.users.has(name) || registry.machines.has(name);
  const mend = kind === "unknown" || registered ? editAt(place) : registration(principal);
  return finding("one-tier", place, message, mend);
}

/** That an anchor alone tells the kind means that it begins with a word for it, which is no part of the name. */
function registration({ name, kind, keys }: Principal): string {
  const [origin] = keys[0]?.origins ?? [];
  const key = origin?.text ?? "";
  const bare = origin?.tier === "files" ? name.replace(/^[a-z]+[_-]/i, "") : name;
  if (kind === "machine") return `secrets machine add ${shellWord(bare)} --age-key ${shellWord(key)}`;
  const stated = keys.map(({ type, origins }) => `--${type}-key ${shellWord(origins[0]?.text ?? "")}`);
  return ["secrets user add", shellWord(bare), ...stated, "--no-documents"].join(" ");
}

/** sops-nix turns the host key into an age key and keeps that alone. */
function sshKeysOfMachine({ kind, name, keys }: Principal): Finding[] {
  if (kind !== "machine") return [];
  return keys.flatMap(({ id, origins }) => {
    if (!id.startsWith("ssh-")) return [];
    const derived = derivedRecipient(id);
    const instead = derived === undefined ? "the age1 key of its Ed25519 host key" : derived;
    const message = `sops-nix cannot open what is sealed to the ssh- recipient of ${name}; use ${instead} instead`;
    const registered = derived !== undefined && origins.every(({ tier }) => tier === "vars");
    const place = firstOf(origins);
    const mend = registered ? `secrets rotate machine ${shellWord(name)} --to ${derived}` : editAt(place);
    return [finding("ssh-machine", place, message, mend)];
  });
}

function derivedRecipient(id: string): string | undefined {
  try {
    return sshToAgeRecipient(id);
  } catch {
    // RSA, or damaged: there is no such key.
    return undefined;
  }
}

/** Every key has a place; the file that would state it stands in for one that has not. */
function firstOf(origins: readonly KeyOrigin[]): { readonly path: string; readonly line: number } {
  const [origin] = origins;
  return origin === undefined ? { path: ".sops.yaml", line: 1 } : { path: origin.path, line: origin.line };
}

function spell({ path, line }: { readonly path: string; readonly line: number }): string {
  return `${path}:${line}`;
}
