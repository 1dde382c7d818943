/** Where a configuration states the keys of somebody, and how it comes to state them. */
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal, PrincipalKey } from "../../fleet/principals.ts";
import { parseConfig } from "../../fleet/sopsnix/config.ts";
import type { PolicyDraft } from "../rekey/policy-draft.ts";

export interface AnchoredKey {
  readonly type: PrincipalKey["type"];
  readonly id: string;
  readonly text: string;
  readonly anchor: string;
}

/**
 * Every key of `holders` with its anchor in the configuration; keys without one get one.
 * @throws SecretsError `E_NOT_REGISTERED` for somebody without keys, `E_CONFIG_EDIT`
 */
export async function anchorsFor(
  draft: PolicyDraft,
  config: string,
  holders: readonly Principal[],
  reason: string,
): Promise<AnchoredKey[]> {
  const anchored: AnchoredKey[] = [];
  for (const holder of holders) {
    if (holder.keys.length === 0) {
      throw new SecretsError("E_NOT_REGISTERED", `${holder.name} has no key that could be used`, {
        hint: "secrets check says what is wrong with their key file",
      });
    }
    for (const key of holder.keys) anchored.push(await anchorFor(draft, config, holder, key, reason));
  }
  if (anchored.length > 0) return anchored;
  throw new SecretsError("E_NOT_REGISTERED", "there is nobody in this group", {
    hint: "secrets group add-member GROUP NAME",
  });
}

async function anchorFor(
  draft: PolicyDraft,
  config: string,
  holder: Principal,
  { type, id, origins }: PrincipalKey,
  reason: string,
): Promise<AnchoredKey> {
  const { anchors } = parseConfig(await draft.ground.read(config), config).config;
  const known = anchors.find((key) => key.type === type && key.id === id && key.anchor !== undefined);
  if (known?.anchor !== undefined) return { type, id, text: known.text, anchor: known.anchor };
  const text = origins[0]?.text ?? id;
  const anchor = freeAnchor(
    holder.name,
    anchors.flatMap((key) => [key.anchor ?? [], key.list ?? []].flat()),
  );
  await draft.editConfig(config, [{ kind: "add-anchor", anchor, text }], reason);
  return { type, id, text, anchor };
}

/** Every name that an anchor has in some configuration. */
export function anchorsOf({ configs }: Fleet): string[] {
  return configs.flatMap(({ anchors }) => anchors.flatMap(({ anchor, list }) => [anchor ?? [], list ?? []].flat()));
}

/** `ada`, else `ada_key2`, `ada_key3`, …: read back as the same name. */
export function freeAnchor(name: string, taken: readonly string[]): string {
  const start = name.replace(/[^A-Za-z0-9_-]/g, "_");
  for (let number = 1; ; number++) {
    const anchor = number === 1 ? start : `${start}_key${number}`;
    if (!taken.includes(anchor)) return anchor;
  }
}

/**
 * A key that stays is known by the anchor of the one that went, where its own is made of that: the diff of a whole
 * rotation is the line of the key, and nobody is called `ada_new` for ever.
 *
 * @param heirs the first of them that has such an anchor gets it
 */
export async function takeOverAnchors(
  draft: PolicyDraft,
  heirs: readonly PrincipalKey[],
  old: PrincipalKey,
  reason: string,
): Promise<void> {
  for (const { anchor, path } of old.origins) {
    if (anchor === undefined) continue;
    const isNext = (other: string | undefined) =>
      other?.startsWith(anchor) === true && /^([_-](new|key\d{1,4}))+$/.test(other.slice(anchor.length));
    const heir = heirs.flatMap(({ origins }) => origins).find((one) => one.path === path && isNext(one.anchor));
    if (heir?.anchor === undefined) continue;
    await draft.editConfig(path, [{ kind: "rename-anchor", from: heir.anchor, to: anchor }], reason);
  }
}
