/** `secrets user rename` and `secrets machine rename`: another name, the same keys; no document changes its readers. */
import { SecretsError } from "../../errors.ts";
import { linkPath } from "../../fleet/clan/link-target.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { parentOf } from "../../fleet/path-index.ts";
import type { Principal } from "../../fleet/principals.ts";
import { KNOWN_HOSTS, renameKnownHost } from "../machine/known-hosts.ts";
import { type AccessPlan, policyEdit } from "../rekey/access-plan.ts";
import { planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import type { Workplace } from "../workplace.ts";
import { freeAnchor } from "./config-anchors.ts";
import { clanNote, refuseKnownName, refuseNewName } from "./new-name.ts";
import { foldersLinking } from "./places.ts";
import { memberOf, namedAs, type PersonOrMachine } from "./who.ts";

/** @throws SecretsError `E_NOT_FOUND`, `E_NAME`, `E_EXISTS`, `E_CONFIG_EDIT` */
export async function planRename(
  workplace: Workplace,
  kind: PersonOrMachine,
  from: string,
  to: string,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const principal = namedAs(fleet, kind, from);
  refuseNewName(kind, to);
  refuseKnownName(fleet, kind, to, isOneOnDisk(from, to) ? undefined : principal);
  const draft = new PolicyDraft(workplace.ground);
  const reason = `${from} is called ${to}`;
  const member = memberOf(fleet, principal);
  if (member !== undefined) {
    const renamed = { kind: member.kind, name: to };
    await move(workplace, draft, `sops/${member.kind}/${from}`, `sops/${member.kind}/${to}`, reason);
    for (const { folder, path } of await foldersLinking(draft, member)) {
      if (linkPath(folder, renamed) !== path) await draft.remove(path, reason);
      await draft.link(folder, renamed, reason);
    }
  }
  await renameAnchors(fleet, draft, principal, to, reason);
  const warnings = [clanNote(fleet, kind, to) ?? [], ...rulesNaming(fleet, from)].flat();
  if (kind === "machine") {
    await move(workplace, draft, `sops/secrets/${from}-age.key`, `sops/secrets/${to}-age.key`, reason);
    // Before clan had scopes, machines lay right below; with scopes, `vars/shared` is nobody's.
    const flat = (await workplace.ground.kind("vars/per-machine")) === "missing" && from !== "shared";
    const start = flat ? "vars" : "vars/per-machine";
    await move(workplace, draft, `${start}/${from}`, `${start}/${to}`, reason);
    await renameKnownHost(draft, KNOWN_HOSTS, from, to, reason);
    warnings.push(`the machine is still called ${from} in your Nix files`);
  }
  return planAccess(
    workplace,
    policyEdit({ summary: `rename ${kind} ${from} to ${to}`, changes: draft.changes, warnings }),
  );
}

/** Where a file system does not tell cases apart, the new place is the old one; by way of a third name it is not. */
function isOneOnDisk(from: string, to: string): boolean {
  return from.toLowerCase() === to.toLowerCase();
}

/** Every file and link below a folder to the same place below another; links keep leading where they led. */
async function move(workplace: Workplace, draft: PolicyDraft, from: string, to: string, reason: string): Promise<void> {
  if (from === to) return;
  for (const { path, kind, executable } of await draft.ground.list()) {
    if (!path.startsWith(`${from}/`)) continue;
    const next = to + path.slice(from.length);
    if ((await workplace.ground.kind(next)) !== "missing") {
      throw new SecretsError("E_EXISTS", "something lies here already", {
        location: { file: next },
        hint: `git rm -r ${parentOf(next)} if it is a leftover`,
      });
    }
    if (kind === "link") await draft.linkText(next, await draft.ground.readLink(path), reason);
    else {
      // Git keeps no more of a mode than whether it is executable; clan's secrets are their owner's alone on disk.
      const mode = executable ? 0o755 : next.endsWith("/secret") ? 0o600 : undefined;
      await draft.write(next, await draft.ground.read(path), reason, mode);
    }
    await draft.remove(path, reason);
  }
}

/** `&ada` and `&admin_ada` become `&eva` and `&admin_eva`; an anchor that says something else stays. */
async function renameAnchors(
  fleet: Fleet,
  draft: PolicyDraft,
  { keys, name }: Principal,
  to: string,
  reason: string,
): Promise<void> {
  const spelled = name.replace(/[^A-Za-z0-9]/g, "[-_.]");
  const pattern = new RegExp(`^((?:[a-z]+[_-])??)${spelled}((?:[_-](?:new|key\\d+))*)$`, "i");
  for (const { path, anchors } of fleet.configs) {
    const taken = anchors.flatMap((key) => [key.anchor ?? [], key.list ?? []].flat());
    for (const anchor of new Set(
      anchors.flatMap((key) => (keys.some(({ id }) => id === key.id) ? (key.anchor ?? []) : [])),
    )) {
      const match = pattern.exec(anchor);
      if (match === null) continue;
      const wanted = `${match[1] ?? ""}${to.replace(/[^A-Za-z0-9_-]/g, "_")}${match[2] ?? ""}`;
      await draft.editConfig(path, [{ kind: "rename-anchor", from: anchor, to: freeAnchor(wanted, taken) }], reason);
    }
  }
}

function rulesNaming({ configs }: Fleet, name: string): string[] {
  const word = new RegExp(`(?<![A-Za-z0-9])${name.replace(/[^A-Za-z0-9]/g, "\\\\?[\\$&]")}(?![A-Za-z0-9])`);
  return configs.flatMap(({ path, rules }) =>
    (rules ?? []).flatMap(({ line, pathRegex }) =>
      pathRegex !== undefined && word.test(pathRegex)
        ? [`${path}:${line}: this rule's path_regex speaks of ${name}; look whether it still fits`]
        : [],
    ),
  );
}
