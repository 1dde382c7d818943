/** Makes somebody known to both tiers: `key.json` in clan's registry, an anchor in `.sops.yaml`. */
import type { Fleet } from "../../fleet/fleet.ts";
import { keyName } from "../rekey/access-plan.ts";
import type { PolicyDraft } from "../rekey/policy-draft.ts";
import { anchorsOf, freeAnchor } from "./config-anchors.ts";
import { hasRegistry, mainConfig } from "./places.ts";
import { type StatedPublicKey, tellKey } from "./stated-key.ts";
import type { PersonOrMachine } from "./who.ts";

/**
 * What is stated already stays as it is. A fleet that has one tier only gets no other by this.
 * @throws SecretsError `E_CONFIG_EDIT`
 */
export async function enter(
  fleet: Fleet,
  draft: PolicyDraft,
  kind: PersonOrMachine,
  name: string,
  keys: readonly StatedPublicKey[],
): Promise<void> {
  const config = mainConfig(fleet);
  const reason = `${kind} ${name}: ${tellKeys(keys)}`;
  const folder = kind === "user" ? "users" : "machines";
  if ((hasRegistry(fleet) || config === undefined) && !fleet.registry[folder].has(name)) {
    await draft.newKeys(`sops/${folder}/${name}/key.json`, keys, reason);
  }
  if (config === undefined) return;
  const stated = fleet.configs.flatMap(({ anchors }) => anchors);
  const taken = anchorsOf(fleet);
  for (const key of keys) {
    if (stated.some((one) => keyName(one) === keyName(key) && one.anchor !== undefined)) continue;
    const anchor = freeAnchor(anchorName(fleet, kind, name), taken);
    taken.push(anchor);
    await draft.editConfig(config, [{ kind: "add-anchor", anchor, text: key.text }], reason);
  }
}

const TOLD = 6;

function tellKeys(keys: readonly StatedPublicKey[]): string {
  const told = keys.slice(0, TOLD).map(tellKey).join(", ");
  return keys.length > TOLD ? `${told} and ${keys.length - TOLD} more` : told;
}

/** `host_web02` where the anchors of other machines are their names behind `host_`: as this fleet spells them. */
function anchorName({ principals }: Fleet, kind: PersonOrMachine, name: string): string {
  const prefixes = new Set<string>();
  for (const one of principals.all) {
    if (one.kind !== kind) continue;
    for (const { anchor } of one.keys.flatMap(({ origins }) => origins)) {
      if (anchor === undefined) continue;
      const plain = freeAnchor(one.name, []);
      if (anchor.endsWith(plain)) prefixes.add(anchor.slice(0, anchor.length - plain.length));
    }
  }
  const [prefix = ""] = prefixes;
  return prefixes.size === 1 ? `${prefix}${name}` : name;
}
