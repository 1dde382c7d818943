/** Every place that states the keys of somebody, and edits of all of them at once. */
import { SecretsError } from "../../errors.ts";
import type { Member } from "../../fleet/clan/links.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { baseOf, parentOf } from "../../fleet/path-index.ts";
import type { Principal, PrincipalKey } from "../../fleet/principals.ts";
import type { ConfigEdit } from "../../fleet/sopsnix/edit/edit-config.ts";
import type { PolicyDraft } from "../rekey/policy-draft.ts";
import { memberOf } from "./who.ts";

/** Whether this fleet has clan's registry: then whoever is new is entered there. */
export function hasRegistry({ registry, documents }: Fleet): boolean {
  const { users, machines, groups } = registry;
  return users.size + machines.size + groups.size > 0 || documents.some(({ tier }) => tier === "vars");
}

/** The configuration that new keys are stated in: the one at the top; undefined for a fleet without rules. */
export function mainConfig({ configs }: Fleet): string | undefined {
  return configs.find(({ sound }) => sound)?.path;
}

/** The `key.json` of somebody; undefined when clan's registry does not have them. */
export function keyFileOf(fleet: Fleet, principal: Principal): string | undefined {
  const member = memberOf(fleet, principal);
  if (member === undefined || member.kind === "groups") return undefined;
  return fleet.registry[member.kind].get(member.name)?.path;
}

/** The configurations that state a key, each once. */
export function configsStating({ configs }: Fleet, { type, id }: Pick<PrincipalKey, "type" | "id">): string[] {
  return configs
    .filter(({ anchors, rules }) =>
      [...anchors, ...(rules ?? []).flatMap(({ keyGroups }) => keyGroups.flat())].some(
        (key) => key.type === type && key.id === id,
      ),
    )
    .map(({ path }) => path);
}

/** The same edit in every configuration that states the key. */
export async function editStatements(
  fleet: Fleet,
  draft: PolicyDraft,
  key: Pick<PrincipalKey, "type" | "id">,
  edit: ConfigEdit,
  reason: string,
): Promise<void> {
  for (const config of configsStating(fleet, key)) await draft.editConfig(config, [edit], reason);
}

/**
 * A key that another principal has as well cannot be taken away from one of the two alone.
 * @throws SecretsError `E_KEY_SHARED`
 */
export function refuseShared(fleet: Fleet, principal: Principal, keys: readonly PrincipalKey[]): void {
  for (const key of keys) {
    const others = sharersOf(fleet, principal, key);
    if (others.length === 0) continue;
    throw new SecretsError("E_KEY_SHARED", `${tellSharers(others)} the same key as ${principal.name}`, {
      hint: `give ${principal.name} a key of their own first: secrets rotate ${principal.kind === "machine" ? "machine" : "user"} ${principal.name} --to KEY`,
    });
  }
}

/** Other users and machines with the same key. */
export function sharersOf({ principals }: Fleet, principal: Principal, { id }: PrincipalKey): readonly Principal[] {
  return principals.all.filter(
    (one) => one !== principal && one.kind !== "group" && one.keys.some((key) => key.id === id),
  );
}

/** `bob has`, `bob and web have` */
export function tellSharers(others: readonly Principal[]): string {
  return `${others.map(({ name }) => name).join(" and ")} ${others.length === 1 ? "has" : "have"}`;
}

/** Folders that have a link to this member, in the order of their paths: secrets and groups. */
export async function foldersLinking(draft: PolicyDraft, member: Member): Promise<{ folder: string; path: string }[]> {
  const found: { folder: string; path: string }[] = [];
  const { ground } = draft;
  for (const { path, kind } of await ground.list()) {
    // Only what clan reads: a link elsewhere in the repository is not ours to touch.
    if (kind !== "link" || !/^(sops|vars)\//.test(path) || baseOf(parentOf(path)) !== member.kind) continue;
    const named = baseOf(path) === member.name;
    // By its target, as clan reads it: a link may be named differently.
    const target = resolveText(parentOf(path), await ground.readLink(path));
    const leads = target === `sops/${member.kind}/${member.name}`;
    if (leads || (named && target === undefined)) found.push({ folder: parentOf(parentOf(path)), path });
  }
  return found;
}

/** Lexically, as all links that clan and this program write can be; undefined for one that leads out. */
function resolveText(from: string, text: string): string | undefined {
  if (text.startsWith("/")) return undefined;
  const parts = from === "" ? [] : from.split("/");
  for (const part of text.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}

/** `sops/groups/<g>/…`: the name of the group that a folder is. */
export function groupOfFolder(folder: string): string | undefined {
  return /^sops\/groups\/([^/]+)$/.exec(folder)?.[1];
}

/** Whether a draft leaves a group without members: then it is gone, with every link to it, as clan does. */
export async function dropIfEmpty(draft: PolicyDraft, group: string): Promise<boolean> {
  const members = (await draft.ground.list()).filter(
    ({ path, kind }) => kind === "link" && path.startsWith(`sops/groups/${group}/`),
  );
  if (members.length > 0) return false;
  for (const { path } of await foldersLinking(draft, { kind: "groups", name: group })) {
    await draft.remove(path, `group ${group} is empty`);
  }
  return true;
}
