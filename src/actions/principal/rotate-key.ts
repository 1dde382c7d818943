/**
 * `secrets rotate user|machine`: another key for the same name, in every place that states it, and in every document
 * that it opens. For a person in one step, or in two with both keys in between.
 */
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal, PrincipalKey } from "../../fleet/principals.ts";
import type { ConfigEdit } from "../../fleet/sopsnix/edit/edit-config.ts";
import { draftHostKey, type NewHostKey } from "../machine/host-key-change.ts";
import { shortenKey } from "../reader-names.ts";
import { type AccessPlan, keyName, policyEdit } from "../rekey/access-plan.ts";
import { type PlanOptions, planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import { renewNote } from "../renew-note.ts";
import type { Workplace } from "../workplace.ts";
import { anchorsOf, freeAnchor } from "./config-anchors.ts";
import { configsStating, keyFileOf, sharersOf, tellSharers } from "./places.ts";
import { refuseTaken, type StatedPublicKey } from "./stated-key.ts";
import { namedAs, type PersonOrMachine } from "./who.ts";

export interface RotateOptions extends PlanOptions {
  /** The key that goes, of somebody who has several. */
  readonly from?: StatedPublicKey;
  /** Both keys open everything until `--finish`. */
  readonly overlap?: boolean;
  /** The private half of a machine's new key, to be sealed where clan keeps it. */
  readonly privateKey?: string;
  /** Of a machine: the SSH host key that the new key is derived from. */
  readonly hostKey?: NewHostKey;
  /** The private half is nowhere else: it has to be sealed, or there is no such key. */
  readonly onlyHere?: boolean;
}

/** @throws SecretsError `E_WHICH_KEY`, `E_KEY_TAKEN`, `E_EXISTS` and what `planAccess` throws. */
export async function planRotate(
  workplace: Workplace,
  kind: PersonOrMachine,
  name: string,
  to: StatedPublicKey,
  options: RotateOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const principal = namedAs(fleet, kind, name);
  refuseTaken(fleet, [to], principal, options.force === true);
  const old = oldKey(principal, options.from, to);
  const draft = new PolicyDraft(workplace.ground);
  if (options.overlap === true) return overlap(workplace, fleet, principal, old, to, draft, options);
  const reason = `key of ${name}`;
  const file = keyFileOf(fleet, principal);
  if (file !== undefined) await draft.changeKeys(file, { remove: [old.id], add: [to] }, reason);
  const others = sharersOf(fleet, principal, old);
  if (others.length === 0) await replaceStatements(fleet, draft, old, to, reason);
  else await addBeside(fleet, draft, old, to, freeAnchor(name, anchorsOf(fleet)), reason);
  const sealed = kind === "machine" ? sealedHalf(fleet, name, options.privateKey) : {};
  const host = options.hostKey === undefined ? undefined : await draftHostKey(workplace, draft, name, options.hostKey);
  const values = new Map([...(sealed.values ?? []), ...(host?.values ?? [])]);
  if (options.onlyHere === true && values.size === 0) {
    throw new SecretsError("E_NOT_SEALED", `nothing of ${name}'s keys is sealed here that the new one could replace`, {
      kind: "usage",
      hint: `the machine keeps its own: make the new key there, and give it by --from-host-key\nor take it with you: --extra-files DIR`,
    });
  }
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: `rotate the key of ${kind} ${name} to ${shortenKey(to.id)}`,
      changes: draft.changes,
      // Whoever else has the key keeps what it opens.
      dropped: others.length === 0 ? new Set([keyName(old)]) : new Set(),
      warnings: [
        ...sharing(name, others),
        ...(sealed.warning === undefined ? [] : [sealed.warning]),
        ...(host?.warnings ?? []),
      ],
    }),
    { ...options, values },
  );
  return { ...plan, next: nextSteps(kind, name, plan, options.onlyHere === true) };
}

/** A rule that names both keys already loses the old one; every other states the new one in its place. */
async function replaceStatements(
  fleet: Fleet,
  draft: PolicyDraft,
  old: PrincipalKey,
  to: StatedPublicKey,
  reason: string,
): Promise<void> {
  const names = (key: { readonly type: string; readonly id: string }) => (one: { type: string; id: string }) =>
    keyName(one) === keyName(key);
  for (const path of configsStating(fleet, old)) {
    const config = fleet.configs.find((one) => one.path === path);
    const groups = (config?.rules ?? [])
      .flatMap(({ keyGroups }) => keyGroups)
      .filter((group) => group.some(names(old)));
    const stated = [...(config?.anchors ?? []), ...groups.flat()].some(names(to));
    const edit: ConfigEdit =
      stated && groups.every((group) => group.some(names(to)))
        ? { kind: "remove-key", id: old.id }
        : { kind: "replace-key", id: old.id, text: to.text };
    await draft.editConfig(path, [edit], reason);
  }
}

/** @param anchor for where the old key has one */
async function addBeside(
  fleet: Fleet,
  draft: PolicyDraft,
  old: PrincipalKey,
  to: StatedPublicKey,
  anchor: string,
  reason: string,
): Promise<void> {
  const edit = { kind: "add-beside", id: old.id, text: to.text, anchor } as const;
  const stating = configsStating(fleet, to);
  for (const path of configsStating(fleet, old))
    if (!stating.includes(path)) await draft.editConfig(path, [edit], reason);
}

function sharing(name: string, others: readonly Principal[]): string[] {
  if (others.length === 0) return [];
  const whose = others.map((other) => other.name).join(" and ");
  return [
    `${tellSharers(others)} the key that ${name} gives up, and ${others.length === 1 ? "keeps" : "keep"} it: it stays in the rules of .sops.yaml, and opens what is sealed to ${whose}`,
  ];
}

function nextSteps(kind: PersonOrMachine, name: string, plan: AccessPlan, onlyHere: boolean): string[] {
  return [
    ...(kind === "machine"
      ? [
          `${name} opens its secrets with the new key only: see that it has it before the next deployment`,
          ...(onlyHere ? [`the new keys as files: secrets machine deploy-files ${name} DIR`] : []),
        ]
      : []),
    ...(plan.exposed.length > 0 ? [`if the old key was lost to somebody: ${renewNote(plan.exposed)}`] : []),
  ];
}

async function overlap(
  workplace: Workplace,
  fleet: Fleet,
  principal: Principal,
  old: PrincipalKey,
  to: StatedPublicKey,
  draft: PolicyDraft,
  options: RotateOptions,
): Promise<AccessPlan> {
  const { name } = principal;
  if (principal.keys.some((key) => keyName(key) === keyName(to))) {
    throw new SecretsError("E_EXISTS", `${name} has this key already`, {
      kind: "usage",
      hint: `secrets rotate user ${name} --finish drops the old one`,
    });
  }
  const reason = `second key of ${name}, until the old one goes`;
  const file = keyFileOf(fleet, principal);
  if (file !== undefined) await draft.changeKeys(file, { remove: [], add: [to] }, reason);
  await addBeside(fleet, draft, old, to, secondAnchor(fleet, name, old), reason);
  return planAccess(
    workplace,
    policyEdit({
      summary: `seal to a second key of ${name}: ${shortenKey(to.id)}`,
      changes: draft.changes,
      next: [`once the new key is in use: secrets rotate user ${name} --finish (run with the new key)`],
    }),
    options,
  );
}

/** `ada_new`, else `ada_key2`, …: with one such ending it is read back as the name that is before it. */
function secondAnchor(fleet: Fleet, name: string, { origins }: PrincipalKey): string {
  const taken = anchorsOf(fleet);
  const anchor = origins.find((origin) => origin.anchor !== undefined)?.anchor ?? name;
  const isName = anchor.endsWith(name.replace(/[^A-Za-z0-9_-]/g, "_"));
  const base = isName ? anchor : anchor.replace(/(?<=.)[_-](new|key\d{1,4})$/i, "");
  return taken.includes(`${base}_new`) ? freeAnchor(base, taken) : `${base}_new`;
}

/** The key that is meant to go. */
function oldKey(principal: Principal, from: StatedPublicKey | undefined, to: StatedPublicKey): PrincipalKey {
  const { name, keys } = principal;
  const candidates = keys.filter((key) => keyName(key) !== keyName(to));
  const listed = keys.map(({ id }) => id).join(", ");
  if (from !== undefined) {
    const found = candidates.find((key) => keyName(key) === keyName(from));
    if (found !== undefined) return found;
    throw new SecretsError("E_NOT_FOUND", `${name} has no such key to rotate from`, {
      hint: `keys of ${name}: ${listed || "none"}`,
    });
  }
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  if (only === undefined) {
    throw new SecretsError(
      "E_EXISTS",
      keys.length === 0 ? `${name} has no key yet` : `this is the key of ${name} already`,
      {
        kind: "usage",
      },
    );
  }
  throw new SecretsError("E_WHICH_KEY", `${name} has ${candidates.length} keys`, {
    kind: "usage",
    hint: `say which one goes: --from KEY\nkeys of ${name}: ${listed}`,
  });
}

/** The private half that clan sealed for the machine no longer fits its new key. */
function sealedHalf(
  fleet: Fleet,
  name: string,
  privateKey: string | undefined,
): { values?: ReadonlyMap<string, Uint8Array>; warning?: string } {
  const path = `sops/secrets/${name}-age.key/secret`;
  if (!fleet.documents.some((document) => document.path === path)) return {};
  if (privateKey !== undefined) return { values: new Map([[path, Buffer.from(privateKey, "utf8")]]) };
  return {
    warning: `${path} holds the private half of the old key, and clan would deploy it; without the new private half it cannot be replaced here: give the private host key (--from-host-key FILE), or remove it if the machine has its key another way: secrets rm sops/secrets/${name}-age.key`,
  };
}
