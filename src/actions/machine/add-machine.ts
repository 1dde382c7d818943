/**
 * `secrets machine add`: a machine made known to both tiers before it exists, with everything that it shall read, and
 * with the private half of its key sealed where clan looks for it.
 */
import { SecretsError } from "../../errors.ts";
import { type Fleet, loadFleet } from "../../fleet/fleet.ts";
import { enter } from "../principal/enter.ts";
import { isGroup, joinGroup, noGroup } from "../principal/groups.ts";
import { knownToOneTier } from "../principal/half-known.ts";
import { clanNote, refuseKnownName, refuseNewName } from "../principal/new-name.ts";
import { hasRegistry } from "../principal/places.ts";
import { parseStatedKey, refuseTaken, type StatedPublicKey } from "../principal/stated-key.ts";
import { namedAs } from "../principal/who.ts";
import { type AccessPlan, keyName, type PlannedReader, policyEdit } from "../rekey/access-plan.ts";
import { draftGrant, type OnSharedRule } from "../rekey/draft-grant.ts";
import { type PlanOptions, planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import type { Workplace } from "../workplace.ts";
import { draftKnownHost } from "./known-hosts.ts";
import { type Alike, readsLike } from "./like.ts";
import type { MachineKey } from "./machine-key.ts";
import { type SealedKeys, sealKeys } from "./sealed-keys.ts";

export interface AddMachineOptions extends PlanOptions {
  readonly groups: readonly string[];
  /** Reads whatever this machine reads but what is that machine's own, and belongs to the same groups. */
  readonly like?: string;
  /** `users/NAME`, `groups/NAME` who read its sealed keys; undefined: as with other machines here. */
  readonly people?: readonly string[];
  readonly onSharedRule: OnSharedRule;
  /** Undefined: no line is written. */
  readonly knownHosts: { readonly file: string; readonly hosts: readonly string[] } | undefined;
  /** The private half goes to the machine some other way than by clan's registry, which this fleet may lack. */
  readonly handedOver: boolean;
  /** A file that is written with it: the machine's Nix module. */
  readonly scaffold?: { readonly path: string; readonly text: string };
}

/** @throws SecretsError `E_NAME`, `E_EXISTS`, `E_KEY_TAKEN`, `E_NO_REGISTRY`, and what `planAccess` and `draftGrant` throw. */
export async function planAddMachine(
  workplace: Workplace,
  name: string,
  key: MachineKey,
  options: AddMachineOptions,
): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const stated = parseStatedKey(key.recipient);
  refuseNewName("machine", name);
  const half = knownToOneTier(fleet, "machine", name, [stated]);
  refuseKnownName(fleet, "machine", name, half);
  refuseTaken(fleet, [stated], half, options.force === true);
  const draft = new PolicyDraft(workplace.ground);
  await enter(fleet, draft, "machine", name, [stated]);
  const alike = options.like === undefined ? undefined : readsLike(fleet, options.like);
  await join(fleet, draft, name, new Set([...options.groups, ...(alike?.groups ?? [])]));
  const granted = await grantAlike(draft, name, alike, options.onSharedRule);
  const replaced = await writeKnownHost(draft, name, key, options);
  if (options.scaffold !== undefined) await writeScaffold(draft, options.scaffold, name);
  const sealed = await sealSecret(workplace, fleet, draft, name, key, options);
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: `add machine ${name}`,
      changes: draft.changes,
      warnings: [
        clanNote(fleet, "machine", name) ?? [],
        ...ownNote(alike, options.like, name),
        ...(replaced ? [`${options.knownHosts?.file} named ${name} with another host key: that line is replaced`] : []),
        ...(sealed === undefined && key.secret !== undefined
          ? [
              "this fleet has no registry of clan's to seal the private half in: it is kept nowhere but where you put it",
            ]
          : []),
      ].flat(),
    }),
    // Named by the policy already and not sealed to: links may have waited for the machine.
    { ...options, sync: ({ path, missing }) => granted.has(path) && missing.includes(stated.id) },
  );
  return withKeyNote(sealed === undefined ? plan : withSealed(plan, sealed), name, stated);
}

/** By a group of people a machine may come to read the sealed keys of others, which nobody may have meant. */
function withKeyNote(plan: AccessPlan, name: string, key: StatedPublicKey): AccessPlan {
  const keys = plan.documents.flatMap(({ address, added }) => {
    const [, machine] = /^sops\/secrets\/(.+)-age\.key$/.exec(address) ?? [];
    return machine !== undefined && added.some((one) => keyName(one) === keyName(key)) ? [machine] : [];
  });
  const others = keys.filter((machine) => machine !== name);
  if (others.length === 0) return plan;
  const warning = `${name} will read the sealed ${others.length === 1 ? "key" : "keys"} of ${others.join(", ")}, and with ${others.length === 1 ? "it" : "them"} all that ${others.length === 1 ? "this machine reads" : "these machines read"}: is it meant to be in a group with people?`;
  return { ...plan, warnings: [...plan.warnings, warning] };
}

function withSealed(plan: AccessPlan, { documents, steps, beside }: SealedKeys): AccessPlan {
  const sealedTo = new Map<string, PlannedReader>();
  for (const reader of [...plan.sealedTo, ...steps.flatMap(({ added }) => added)]) {
    sealedTo.set(keyName(reader), reader);
  }
  return {
    ...plan,
    changes: [...plan.policy, ...beside, ...plan.changes.filter((one) => !plan.policy.includes(one)), ...documents],
    policy: [...plan.policy, ...beside],
    documents: [...plan.documents, ...steps].sort((a, b) => (a.path < b.path ? -1 : 1)),
    sealedTo: [...sealedTo.values()],
  };
}

async function join(fleet: Fleet, draft: PolicyDraft, name: string, groups: ReadonlySet<string>): Promise<void> {
  for (const group of groups) {
    if (!isGroup(fleet, group)) throw noGroup(fleet, group);
    await joinGroup(await loadFleet(draft.ground), draft, group, `machines/${name}`);
  }
}

/** @returns the paths of what is granted */
async function grantAlike(
  draft: PolicyDraft,
  name: string,
  alike: Alike | undefined,
  onSharedRule: OnSharedRule,
): Promise<ReadonlySet<string>> {
  if (alike === undefined) return new Set();
  const known = await loadFleet(draft.ground);
  const paths = new Set<string>(alike.documents.map(({ path }) => path));
  const documents = known.documents.filter(({ path }) => paths.has(path));
  await draftGrant(known, draft, namedAs(known, "machine", name), documents, onSharedRule);
  return paths;
}

async function writeKnownHost(
  draft: PolicyDraft,
  name: string,
  { publicKey }: MachineKey,
  { knownHosts }: AddMachineOptions,
): Promise<boolean> {
  if (publicKey === undefined || knownHosts === undefined) return false;
  const { file, hosts } = knownHosts;
  return draftKnownHost(draft, file, { hosts, publicKey }, `host key of ${name}`);
}

async function writeScaffold(
  draft: PolicyDraft,
  { path, text }: NonNullable<AddMachineOptions["scaffold"]>,
  name: string,
): Promise<void> {
  if ((await draft.ground.kind(path)) !== "missing") {
    throw new SecretsError("E_EXISTS", `there is a module of ${name} already`, {
      kind: "usage",
      location: { file: path },
      hint: "leave out --scaffold",
    });
  }
  await draft.write(path, Buffer.from(text, "utf8"), `module of ${name}`);
}

async function sealSecret(
  workplace: Workplace,
  fleet: Fleet,
  draft: PolicyDraft,
  name: string,
  { publicKey, secret }: MachineKey,
  { people, handedOver }: AddMachineOptions,
): Promise<SealedKeys | undefined> {
  if (secret === undefined || publicKey === undefined) return undefined;
  const { ground } = draft;
  if (hasRegistry(fleet)) {
    const { nameOf } = (await loadFleet(ground)).principals;
    return sealKeys({ ...workplace, ground }, name, secret, publicKey, people, nameOf);
  }
  if (handedOver) return undefined;
  throw new SecretsError("E_NO_REGISTRY", "this fleet has no registry of clan's to seal the new private key in", {
    kind: "usage",
    hint: `take the key with you: --extra-files DIR\nor let ${name} make its own, and read it once it runs: secrets machine add ${name} --scan HOST`,
  });
}

function ownNote(alike: Alike | undefined, other: string | undefined, name: string): string[] {
  const own = alike?.own.length ?? 0;
  if (own === 0) return [];
  return [
    `${own === 1 ? "1 secret is" : `${own} secrets are`} ${other}'s own (vars/${other}/…), and ${own === 1 ? "stays" : "stay"} so: ${name} needs its own`,
  ];
}
