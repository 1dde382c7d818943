/** A value of a service that is defined: laid out as its definition says, which may be otherwise than what lies there. */
import { PathIndex } from "../../fleet/path-index.ts";
import type { Service, ServiceFile } from "../../fleet/services/service.ts";
import type { NewKey } from "../../sops/create-file.ts";
import { readersForNewVar } from "../new-var.ts";
import type { Plan } from "../plan.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import type { VarTarget } from "../target.ts";
import type { Workplace } from "../workplace.ts";
import { ReaderDraft } from "./draft-readers.ts";
import type { ServiceGraph } from "./graph.ts";
import { draftSealed } from "./seal-values.ts";

export interface DefinedFile {
  readonly service: Service;
  readonly file: ServiceFile;
}

/** The definition of what an address names; undefined where nobody defined it. */
export function definitionOf(graph: Pick<ServiceGraph, "services">, address: string): DefinedFile | undefined {
  for (let end = address.lastIndexOf("/"); end > 0; end = address.lastIndexOf("/", end - 1)) {
    const service = graph.services.get(address.slice(0, end));
    const file = service?.files.find(({ name }) => name === address.slice(end + 1));
    if (service !== undefined && file !== undefined) return { service, file };
  }
  return undefined;
}

/**
 * For what is not there yet, and for what lies in clear and is declared secret: its clear copy goes, which clan leaves.
 * @param named `users/NAME`, `machines/NAME`, `groups/NAME` who read it, instead of whom the definition names
 * @returns undefined where what lies there is as it is declared: then it is only changed
 * @throws SecretsError `E_READER_UNKNOWN`, `E_NO_PERSON`
 */
export async function planDefined(
  workplace: Workplace,
  target: VarTarget,
  value: Uint8Array,
  { service, file }: DefinedFile,
  named: readonly string[] | undefined,
): Promise<Plan | undefined> {
  const { address, directory, state } = target;
  if (state === "secret" || (state === "public" && !file.secret)) return undefined;
  const draft = new PolicyDraft(workplace.ground);
  if (!file.secret) {
    await draft.write(`${directory}/value`, value, "public value, in clear");
    return { summary: `set the public value ${address}`, changes: draft.changes };
  }
  const keys =
    named === undefined
      ? await definedReaders(workplace, draft, target, { service, file })
      : await namedReaders(workplace, draft, target, named);
  await draftSealed(workplace, draft, [{ path: `${directory}/secret`, address, bytes: value, keys }]);
  await draft.remove(`${directory}/value`, `${address} is a secret`);
  const summary =
    state === "public"
      ? `make a secret of ${address}, and remove its clear copy; git history still has that`
      : `create ${address} as its definition says`;
  return { summary, changes: draft.changes };
}

async function definedReaders(
  workplace: Workplace,
  draft: PolicyDraft,
  { directory }: VarTarget,
  { service, file }: DefinedFile,
): Promise<readonly NewKey[]> {
  const readers = await ReaderDraft.open(workplace, draft, new PathIndex(await workplace.ground.list()), true);
  readers.refuseStrangers([service]);
  return readers.keysFor(service, file, directory);
}

async function namedReaders(
  workplace: Workplace,
  draft: PolicyDraft,
  target: VarTarget,
  named: readonly string[],
): Promise<readonly NewKey[]> {
  const { members, keys } = await readersForNewVar(workplace, target, named);
  for (const member of members) await draft.link(target.directory, member, `reader ${member.kind}/${member.name}`);
  return keys;
}
