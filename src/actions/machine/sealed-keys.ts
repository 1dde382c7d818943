/**
 * The private halves of a machine's key, sealed where clan looks for them: the host key as the secret of its openssh
 * service, for the machine and its people; the age key that is derived from it beside, for the people alone.
 */
import { recipientId } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import { readLayout } from "../../fleet/clan/layout.ts";
import { baseOf, PathIndex } from "../../fleet/path-index.ts";
import { repoPath } from "../../repo/path.ts";
import type { NewKey } from "../../sops/create-file.ts";
import { type NewReaders, planNewVar, readersForNewVar } from "../new-var.ts";
import type { PlannedChange } from "../plan.ts";
import type { DocumentStep, PlannedReader } from "../rekey/access-plan.ts";
import { isLink } from "../rekey/plan-view.ts";
import { targetOf, type VarTarget } from "../target.ts";
import type { Workplace } from "../workplace.ts";
import { ageKeyAddress, hostKeyAddress, hostKeyPublicAddress, type MachineSecret } from "./machine-key.ts";

export interface SealedKeys {
  /** The documents themselves. */
  readonly documents: readonly PlannedChange[];
  readonly steps: readonly DocumentStep[];
  /** Links and the public value. */
  readonly beside: readonly PlannedChange[];
}

/**
 * @param workplace on the ground in which the machine is registered already
 * @param people `users/NAME`, `groups/NAME` who read both; undefined: as other machines' host keys are read here
 * @throws SecretsError `E_EXISTS` where one of them is there already, `E_NO_PERSON`
 */
export async function sealKeys(
  workplace: Workplace,
  machine: string,
  { hostKey, identity }: MachineSecret,
  publicKey: string,
  people: readonly string[] | undefined,
  nameOf: (id: string) => string | undefined,
): Promise<SealedKeys> {
  const host = await absent(workplace, hostKeyAddress(machine), machine);
  const age = await absent(workplace, ageKeyAddress(machine), machine);
  const self = `machines/${machine}`;
  const whom = people ?? (await peopleOfOthers(workplace));
  const readers = await readersForNewVar(workplace, host, whom === undefined ? undefined : [...whom, self]);
  const others = readers.names.filter((name) => !name.startsWith("machines/"));
  // Whoever holds the age key of a machine reads all that it reads; the machine itself gets it by deployment.
  const owners = await readersForNewVar(workplace, age, others);
  const sealed = [
    await sealOne(workplace, host, hostKey, readers, nameOf),
    await sealOne(workplace, age, identity, owners, nameOf),
  ];
  const publicTarget = await targetOf(workplace, hostKeyPublicAddress(machine));
  const directory = publicTarget.tier === "vars" ? publicTarget.directory : host.directory;
  const value: PlannedChange = {
    change: {
      kind: "write",
      path: repoPath(`${directory}/value`),
      bytes: Buffer.from(`${publicKey} root@${machine}\n`, "utf8"),
      expect: "absent",
    },
    reason: "public half of the host key",
  };
  return {
    documents: sealed.map(({ document }) => document),
    steps: sealed.map(({ step }) => step),
    beside: [value, ...sealed.flatMap(({ links }) => links)],
  };
}

/** Groups and users that every other machine's host key, or else sealed age key, is linked for; undefined without any. */
async function peopleOfOthers({ ground }: Workplace): Promise<string[] | undefined> {
  const { leaves } = readLayout(new PathIndex(await ground.list()));
  const sealed = leaves.filter(({ secret }) => secret);
  const hosts = sealed.filter(
    ({ address }) => address.kind === "var" && address.service === "openssh" && address.file === "ssh.id_ed25519",
  );
  const ages = sealed.filter(({ address }) => address.kind === "secret" && address.name.endsWith("-age.key"));
  const [first, ...rest] = (hosts.length > 0 ? hosts : ages).map(({ links }) =>
    links.flatMap(({ kind, path }) => (kind === "machines" ? [] : [`${kind}/${baseOf(path)}`])),
  );
  const common = (first ?? []).filter((name) => rest.every((names) => names.includes(name)));
  return common.length === 0 ? undefined : common;
}

async function sealOne(
  workplace: Workplace,
  target: VarTarget,
  text: string,
  { names, keys }: NewReaders,
  nameOf: (id: string) => string | undefined,
): Promise<{ document: PlannedChange; links: PlannedChange[]; step: DocumentStep }> {
  const { changes } = await planNewVar(workplace, target, Buffer.from(text, "utf8"), names);
  const [document] = changes.filter((change) => !isLink(change));
  if (document === undefined) throw new Error("a new secret without its document");
  const reader = ({ type, id: stated }: NewKey): PlannedReader => {
    const id = type === "age" ? recipientId(stated) : stated;
    const name = nameOf(id);
    return { type, id, ...(name === undefined ? {} : { name }) };
  };
  const { address } = target;
  const step: DocumentStep = {
    tier: "vars",
    address,
    path: document.change.path,
    added: keys.map(reader).sort((a, b) => ((a.name ?? a.id) < (b.name ?? b.id) ? -1 : 1)),
    removed: [],
    dataKey: "new",
    newValue: true,
  };
  return { document, links: changes.filter(isLink), step };
}

/** A key that is there already belongs to somebody: it is never written over. */
async function absent(workplace: Workplace, address: string, machine: string): Promise<VarTarget> {
  const target = await targetOf(workplace, address);
  if (target.tier === "vars" && target.state === "absent") return target;
  const isHostKey = address === hostKeyAddress(machine);
  throw new SecretsError("E_EXISTS", `there is a sealed key of ${machine} already`, {
    kind: "usage",
    location: { file: target.path },
    hint: isHostKey
      ? `make that one known: secrets get ${address} | secrets machine add ${machine} --host-key -\nor remove it first: secrets rm ${address}`
      : `a machine of this name was here before: remove it first: secrets rm ${address}`,
  });
}
