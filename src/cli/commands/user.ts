/** `secrets user add|add-key|rm-key`. */
import { type AddUserOptions, planAddUser } from "../../actions/principal/add-user.ts";
import { planAddKeys, planRemoveKey } from "../../actions/principal/change-keys.ts";
import { parseStatedKey } from "../../actions/principal/stated-key.ts";
import { type AccessPlan, keyName } from "../../actions/rekey/access-plan.ts";
import { SecretsError } from "../../errors.ts";
import { addressHere } from "../address-here.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { type PublicKeyFlags, readPublicKeys } from "../public-keys.ts";
import { type RuleFlags, sharedRuleAnswer } from "../shared-rule.ts";
import { progress } from "../terminal/progress.ts";
import { askChoice } from "../terminal/prompt.ts";
import { type LocalWorkplace, openWorkplace } from "../workplace.ts";

export interface AddFlags extends ChangeFlags, RuleFlags, PublicKeyFlags {
  readonly group?: readonly string[];
  readonly like?: string;
  readonly document?: readonly string[];
  readonly noDocuments?: boolean;
  readonly force?: boolean;
}

export interface AddKeyFlags extends KeyFlags, PublicKeyFlags {}

export interface KeyFlags extends ChangeFlags {
  readonly keepDataKey?: boolean;
  readonly force?: boolean;
}

export async function addUser(this: Context, flags: AddFlags, name: string): Promise<void> {
  const onSharedRule = sharedRuleAnswer(this, flags);
  const workplace = await openWorkplace(this);
  const { keys, notes } = await readPublicKeys(this, flags);
  const { group: groups = [], document = [], like } = flags;
  const { root } = workplace.ground;
  const named = await Promise.all(document.map((address) => addressHere(this, root, address)));
  if (flags.noDocuments === true && groups.length + named.length + (like === undefined ? 0 : 1) > 0) {
    throw new SecretsError("E_USAGE", "--no-documents goes without --document, --group and --like", { kind: "usage" });
  }
  const silent = groups.length + named.length === 0 && like === undefined && flags.noDocuments !== true;
  const options: AddUserOptions = {
    force: flags.force === true,
    groups,
    documents: named,
    onSharedRule,
    ...(like === undefined ? {} : { like }),
    ...(silent ? await askDocuments(this, workplace, name) : {}),
  };
  const plan = await progress(this.terminal, "sealing", (onProgress) =>
    planAddUser(workplace, name, keys, { ...options, onProgress }),
  );
  await conduct(this, workplace, withNotes(plan, notes), flags, { stated: new Set(keys.map(keyName)) });
}

export async function addKey(this: Context, flags: AddKeyFlags, name: string, key?: string): Promise<void> {
  const workplace = await openWorkplace(this);
  const { keys, notes } = await readPublicKeys(this, flags, key === undefined ? [] : [key]);
  const { keepDataKey, force } = flags;
  const plan = await progress(this.terminal, "sealing", (onProgress) =>
    planAddKeys(workplace, name, keys, { keepDataKey: keepDataKey === true, force: force === true, onProgress }),
  );
  await conduct(this, workplace, withNotes(plan, notes), flags, { stated: new Set(keys.map(keyName)) });
}

/** What was left out is told before what gets in is agreed to. */
function withNotes(plan: AccessPlan, notes: readonly string[]): AccessPlan {
  return { ...plan, warnings: [...notes, ...plan.warnings] };
}

export async function removeKey(this: Context, flags: KeyFlags, name: string, key: string): Promise<void> {
  const workplace = await openWorkplace(this);
  const plan = await progress(this.terminal, "sealing", (onProgress) =>
    planRemoveKey(workplace, name, parseStatedKey(key), { ...flags, onProgress }),
  );
  await conduct(this, workplace, plan, flags);
}

const NOTHING = "nothing yet";

/** Which documents? One answer for all: like somebody, a group, or none yet. */
async function askDocuments(
  context: Context,
  workplace: LocalWorkplace,
  name: string,
): Promise<Partial<AddUserOptions>> {
  const { terminal } = context;
  const flag = "--document ADDRESS, --group GROUP, --like USER or --no-documents";
  if (!terminal.interactive) {
    throw new SecretsError("E_NO_TERMINAL", `cannot ask what ${name} shall read without a terminal`, {
      kind: "usage",
      hint: `say it on the command line: ${flag}`,
    });
  }
  const { registry, principals, documents } = await workplace.fleet();
  const choices = [
    ...[...registry.groups.keys()].map((group) => ({
      value: { groups: [group] } as Partial<AddUserOptions>,
      name: `what group ${group} reads, as a member`,
    })),
    ...principals.all.flatMap((one) =>
      one.kind === "user" ? [{ value: { like: one.name }, name: `what ${one.name} reads` }] : [],
    ),
    { value: {}, name: NOTHING },
    ...documents.map(({ address }) => ({ value: { documents: [address] }, name: address })),
  ];
  return askChoice(`What shall ${name} read?`, (term) => choices.filter((choice) => choice.name.includes(term)), {
    terminal,
    flag,
  });
}
