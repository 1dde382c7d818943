/** `secrets rotate user NAME --finish`: the old key goes, once the new one was seen to open everything that the old one does. */

import { recipientId } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal, PrincipalKey } from "../../fleet/principals.ts";
import { openDataKey } from "../../sops/datakey.ts";
import { decryptFile } from "../../sops/decrypt-file.ts";
import { openWithGpg } from "../../sops/pgp.ts";
import { parseSopsFile } from "../../sops/sops-file.ts";
import { askPlugins } from "../ask-plugins.ts";
import { pluginFault } from "../document.ts";
import { namedFew } from "../named-few.ts";
import { shortenKey } from "../reader-names.ts";
import { type AccessPlan, keyName, policyEdit } from "../rekey/access-plan.ts";
import { planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import { renewNote } from "../renew-note.ts";
import type { Workplace } from "../workplace.ts";
import { takeOverAnchors } from "./config-anchors.ts";
import { editStatements, keyFileOf, refuseShared } from "./places.ts";
import type { RotateOptions } from "./rotate-key.ts";
import type { StatedPublicKey } from "./stated-key.ts";
import { namedAs } from "./who.ts";

/**
 * @param to the key that stays, where it cannot be told: it is the one with an anchor that ends in `_new`, or the only
 *   one of two that this person holds
 * @throws SecretsError `E_WHICH_KEY`, `E_NEW_KEY_LACKS` naming what it does not open, `E_NO_IDENTITY` when it is not here
 */
export async function planFinish(
  workplace: Workplace,
  name: string,
  to: StatedPublicKey | undefined,
  options: RotateOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const principal = namedAs(fleet, "user", name);
  const { kept, old } = await tellApart(workplace, principal, to, options.from);
  refuseShared(fleet, principal, [old]);
  await refuseUnproven(workplace, fleet, name, kept, old);
  const draft = new PolicyDraft(workplace.ground);
  const reason = `the old key of ${name} goes`;
  const file = keyFileOf(fleet, principal);
  if (file !== undefined && old.origins.some(({ path }) => path === file)) {
    await draft.changeKeys(file, { remove: [old.id], add: [] }, reason);
  }
  await editStatements(fleet, draft, old, { kind: "remove-key", id: old.id }, reason);
  await takeOverAnchors(draft, [kept], old, reason);
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: `finish the rotation of ${name}: ${shortenKey(old.id)} goes, ${shortenKey(kept.id)} stays`,
      changes: draft.changes,
      dropped: new Set([keyName(old)]),
    }),
    options,
  );
  return {
    ...plan,
    next: plan.exposed.length > 0 ? [`if the old key was lost to somebody: ${renewNote(plan.exposed, old.id)}`] : [],
  };
}

async function tellApart(
  workplace: Workplace,
  { name, keys }: Principal,
  to: StatedPublicKey | undefined,
  from: StatedPublicKey | undefined,
): Promise<{ kept: PrincipalKey; old: PrincipalKey }> {
  const keyring = await workplace.keyring();
  await keyring.runCommands();
  const marked = keys.filter(({ origins }) => origins.some(({ anchor }) => /_new$/.test(anchor ?? "")));
  const held = keys.filter(({ id }) => keyring.canOpen(id));
  const kept =
    to !== undefined
      ? keys.find((key) => keyName(key) === keyName(to))
      : marked.length === 1
        ? marked[0]
        : keys.length === 2 && held.length === 1
          ? held[0]
          : keys.length === 2 && from !== undefined
            ? keys.find((key) => keyName(key) !== keyName(from))
            : undefined;
  const others = keys.filter((key) => key !== kept);
  const old =
    from !== undefined
      ? others.find((key) => keyName(key) === keyName(from))
      : others.length === 1
        ? others[0]
        : undefined;
  if (kept !== undefined && old !== undefined) return { kept, old };
  if (keys.length === 1) {
    throw new SecretsError("E_WHICH_KEY", `${name} has one key: there is no rotation to finish`, {
      kind: "usage",
      hint: `secrets rotate user ${name} --to KEY --overlap begins one`,
    });
  }
  throw new SecretsError("E_WHICH_KEY", `which of the keys of ${name} is the new one, and which goes?`, {
    kind: "usage",
    hint: `say it: --finish --to NEW --from OLD\nkeys of ${name}: ${keys.map(({ id }) => id).join(", ")}`,
  });
}

/** Proof, not a list: the new key alone opens each document, and the document's MAC fits. */
async function refuseUnproven(
  workplace: Workplace,
  fleet: Fleet,
  name: string,
  kept: PrincipalKey,
  old: PrincipalKey,
): Promise<void> {
  const concerned = fleet.documents.filter(({ readers }) => readers.some((reader) => keyName(reader) === keyName(old)));
  const lacking = concerned.filter(({ readers }) => !readers.some((reader) => keyName(reader) === keyName(kept)));
  if (lacking.length > 0) throw lacks(lacking, "is not sealed to the new key");
  const keyring = await workplace.keyring();
  if (kept.type === "age" && !keyring.canOpen(kept.id) && !keyring.mayOpen(kept.id)) {
    throw new SecretsError(
      "E_NO_IDENTITY",
      `the new key of ${name} is not here, so nobody can tell whether it opens everything`,
      {
        kind: "identity",
        hint: `run this with the new key: SOPS_AGE_KEY_FILE=FILE secrets rotate user ${name} --finish`,
      },
    );
  }
  await askPlugins(workplace, concerned, (recipient) => recipientId(recipient) === kept.id);
  const closed: FleetDocument[] = [];
  for (const document of concerned) if (!(await opens(workplace, document, kept))) closed.push(document);
  if (closed.length > 0) throw lacks(closed, "does not open with the new key");
}

async function opens(workplace: Workplace, { path, format }: FleetDocument, kept: PrincipalKey): Promise<boolean> {
  const keyring = await workplace.keyring();
  const file = parseSopsFile(await workplace.ground.read(path), format);
  // A split data key is opened by no key alone; that its share comes out is what can be seen.
  let shares = 0;
  try {
    const dataKey = await openDataKey(file, {
      open: async (key) => {
        if (key.type !== kept.type) return null;
        const mine = key.type === "age" ? recipientId(key.id) === kept.id : key.id.toUpperCase() === kept.id;
        if (!mine) return null;
        const opened =
          key.type === "age"
            ? await keyring.openDataKey({ recipient: key.id, enc: key.enc })
            : await openWithGpg(key, workplace.gpg.run, workplace.gpg.program);
        if (opened !== null) shares++;
        return opened;
      },
    });
    await decryptFile(file, dataKey);
    return true;
  } catch (error) {
    const plugin = error instanceof SecretsError ? pluginFault(error) : undefined;
    if (plugin !== undefined) throw plugin;
    if (error instanceof SecretsError && error.code === "E_NO_IDENTITY")
      return file.metadata.keyGroups.length > 1 && shares > 0;
    throw error instanceof SecretsError ? error.at({ file: path }) : error;
  }
}

function lacks(documents: readonly FleetDocument[], what: string): SecretsError {
  return new SecretsError(
    "E_NEW_KEY_LACKS",
    `${documents.length} ${documents.length === 1 ? "document" : "documents"} that the old key opens ${what}`,
    {
      hint: [
        ...namedFew(documents.map(({ address }) => address)),
        "secrets sync brings them in line; then run this again",
      ].join("\n"),
    },
  );
}
