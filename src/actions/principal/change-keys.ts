/** `secrets user add-key` and `rm-key`: more keys, or one fewer, for somebody who keeps their name. */
import { SecretsError } from "../../errors.ts";
import type { Principal } from "../../fleet/principals.ts";
import { parseConfig } from "../../fleet/sopsnix/config.ts";
import { shortenKey } from "../reader-names.ts";
import { type AccessPlan, keyName, policyEdit } from "../rekey/access-plan.ts";
import { type PlanOptions, planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import { renewNote } from "../renew-note.ts";
import type { Workplace } from "../workplace.ts";
import { anchorsOf, freeAnchor, takeOverAnchors } from "./config-anchors.ts";
import { editStatements, keyFileOf, refuseShared } from "./places.ts";
import { refuseTaken, type StatedPublicKey, tellKey } from "./stated-key.ts";
import { namedAs } from "./who.ts";

/**
 * Every document that names one of their keys is sealed to the new ones as well.
 * @throws SecretsError `E_KEY_TAKEN`, `E_EXISTS` when they have all of these already
 */
export async function planAddKeys(
  workplace: Workplace,
  name: string,
  keys: readonly StatedPublicKey[],
  options: PlanOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const principal = namedAs(fleet, "user", name);
  refuseTaken(fleet, keys, principal, options.force === true);
  const file = keyFileOf(fleet, principal);
  // Beside one key wherever it is stated; beside each would state the new one twice.
  const beside = new Map(
    fleet.configs.flatMap(({ path }) => {
      const key = principal.keys.find(({ origins }) => origins.some((origin) => origin.path === path));
      return key === undefined ? [] : [[path, key.id] as const];
    }),
  );
  const draft = new PolicyDraft(workplace.ground);
  const taken = anchorsOf(fleet);
  const fresh: StatedPublicKey[] = [];
  for (const key of keys) {
    const stated = principal.keys.find((one) => keyName(one) === keyName(key));
    const lacks = (path: string) => stated?.origins.some((origin) => origin.path === path) !== true;
    // One tier alone may know it: then it is made known to the other.
    if (stated !== undefined && ![...beside.keys(), file ?? []].flat().some(lacks)) continue;
    fresh.push(key);
    const reason = `one more key of ${name}: ${tellKey(key)}`;
    if (file !== undefined && lacks(file)) await draft.changeKeys(file, { remove: [], add: [key] }, reason);
    const anchor = freeAnchor(name, taken);
    taken.push(anchor);
    for (const [path, id] of beside) {
      if (lacks(path)) {
        await draft.editConfig(path, [{ kind: "add-beside", id, text: key.text, anchor }], reason);
        // The next one behind it.
        beside.set(path, key.id);
      }
      await enterOtherRules(draft, path, principal, key, reason);
    }
  }
  if (fresh.length === 0) {
    throw new SecretsError("E_EXISTS", `${name} has ${keys.length === 1 ? "this key" : "these keys"} already`, {
      kind: "usage",
    });
  }
  const old = keys.filter((key) => !fresh.includes(key));
  return planAccess(
    workplace,
    policyEdit({
      summary:
        fresh.length === 1
          ? `add a key of ${name}: ${tellKey(fresh[0] ?? { id: "" })}`
          : `add ${fresh.length} keys of ${name}`,
      changes: draft.changes,
      warnings: old.map((key) => `${name} has ${tellKey(key)} already`),
    }),
    options,
  );
}

/** Rules may name other keys of somebody than the first. */
async function enterOtherRules(
  draft: PolicyDraft,
  config: string,
  { keys }: Principal,
  { type, id, text }: StatedPublicKey,
  reason: string,
): Promise<void> {
  const known = new Set(keys.map(keyName));
  for (;;) {
    const { rules, anchors } = parseConfig(await draft.ground.read(config), config).config;
    const rule = rules?.find(({ keyGroups }) => {
      const names = keyGroups.flat().map(keyName);
      return names.some((name) => known.has(name)) && !names.includes(keyName({ type, id }));
    });
    if (rule === undefined) return;
    const { anchor } = anchors.find((one) => one.id === id && one.anchor !== undefined) ?? {};
    const edit = {
      kind: "grant",
      rule: rule.line,
      keys: [{ text, ...(anchor === undefined ? {} : { anchor }) }],
    } as const;
    await draft.editConfig(config, [edit], reason);
  }
}

/** @throws SecretsError `E_NOT_FOUND`, `E_LAST_KEY`, `E_KEY_SHARED` */
export async function planRemoveKey(
  workplace: Workplace,
  name: string,
  key: StatedPublicKey,
  options: PlanOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const principal = namedAs(fleet, "user", name);
  const known = principal.keys.find((one) => keyName(one) === keyName(key));
  if (known === undefined) {
    throw new SecretsError("E_NOT_FOUND", `${name} has no such key`, {
      hint: `keys of ${name}: ${principal.keys.map(({ id }) => id).join(", ") || "none"}`,
    });
  }
  if (principal.keys.length === 1) {
    throw new SecretsError("E_LAST_KEY", `this is the only key of ${name}`, {
      hint: `another one instead: secrets rotate user ${name} --to KEY; or remove them: secrets user rm ${name}`,
    });
  }
  refuseShared(fleet, principal, [known]);
  const draft = new PolicyDraft(workplace.ground);
  const reason = `one key fewer of ${name}`;
  const file = keyFileOf(fleet, principal);
  if (file !== undefined && known.origins.some(({ path }) => path === file)) {
    await draft.changeKeys(file, { remove: [known.id], add: [] }, reason);
  }
  await editStatements(fleet, draft, known, { kind: "remove-key", id: known.id }, reason);
  // Who is known by anchors alone keeps their name.
  const others = principal.keys.filter((one) => one !== known);
  if (file === undefined) await takeOverAnchors(draft, others, known, reason);
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: `remove a key of ${name}: ${shortenKey(known.id)}`,
      changes: draft.changes,
      dropped: new Set([keyName(known)]),
    }),
    options,
  );
  // What the key could read, the person may still read by another one; who holds the removed key may not be the person.
  return { ...plan, next: plan.exposed.length > 0 ? [renewNote(plan.exposed, known.id)] : [] };
}
