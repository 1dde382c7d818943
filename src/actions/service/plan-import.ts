/** Values from elsewhere as one plan: new documents, new contents of those that are there, and what is the same already. */
import { SecretsError } from "../../errors.ts";
import { readLayout } from "../../fleet/clan/layout.ts";
import { type Registry, readRegistry } from "../../fleet/clan/registry.ts";
import { listedGround } from "../../fleet/listed.ts";
import type { PathIndex } from "../../fleet/path-index.ts";
import type { Service, ServiceFile } from "../../fleet/services/service.ts";
import { plainBytes } from "../../sops/plain-text.ts";
import { openDocument } from "../document.ts";
import { namedFew } from "../named-few.ts";
import { type NewReaders, readersForNewVar } from "../new-var.ts";
import { type AccessPlan, policyEdit } from "../rekey/access-plan.ts";
import { planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import { targetOf, type VarTarget } from "../target.ts";
import type { Workplace } from "../workplace.ts";
import { ReaderDraft } from "./draft-readers.ts";
import type { ServiceGraph } from "./graph.ts";
import type { Incoming, IncomingValue } from "./incoming-values.ts";
import { draftSealed, type Sealing, tellSealed } from "./seal-values.ts";
import { draftValidation, staleNext } from "./settle-services.ts";
import { draftHash } from "./stored-hash.ts";

export interface ImportOptions {
  /** Writes over values that are there and differ. */
  readonly replace: boolean;
  /** `users/NAME`, `machines/NAME`, `groups/NAME` who read what is new; undefined: as definitions say, or the secrets beside it. */
  readonly readers?: readonly string[];
  /** What is defined, as far as that is known without evaluating anything. */
  readonly graph: ServiceGraph;
  /** The line after "done:", without the number of values. */
  readonly from: string;
}

interface Placing extends IncomingValue {
  readonly target: VarTarget;
  readonly service: Service | undefined;
  readonly file: ServiceFile | undefined;
  /** `same`: it holds the value already. */
  readonly state: "new" | "same" | "other";
}

const LISTED = 12;

/**
 * @throws SecretsError `E_IMPORT_MACHINE` naming all machines that are not here, `E_IMPORT_DIFFERS` naming the values that
 *   differ, `E_READERS_UNKNOWN`, `E_READER_UNKNOWN`, `E_NO_PERSON`, and what opening documents and `planAccess` throw
 */
export async function planImport(local: Workplace, incoming: Incoming, options: ImportOptions): Promise<AccessPlan> {
  const { ground, index } = await listedGround(local.ground);
  const workplace: Workplace = { ...local, ground };
  const registry = await readRegistry(workplace.ground, index);
  refuseMachines(incoming, index, registry, options.graph);
  const placings: Placing[] = [];
  for (const value of incoming.values) placings.push(await place(workplace, value, options.graph));
  const differing = placings.filter(({ state }) => state === "other");
  if (differing.length > 0 && !options.replace) throw differs(differing);
  const changed = placings.filter(({ state }) => state !== "same");
  const draft = new PolicyDraft(workplace.ground);
  const values = new Map<string, Uint8Array>();
  const sealings: Sealing[] = [];
  const readers = new ReadersOf(workplace, options.readers, await ReaderDraft.open(workplace, draft, index, true));
  for (const placing of changed) {
    const { target, bytes, service, file } = placing;
    if (target.state === "secret") values.set(target.path, bytes);
    else if (!isSecret(placing)) await draft.write(`${target.directory}/value`, bytes, "public value");
    else {
      const keys = await readers.of(target, service, file, draft);
      sealings.push({ path: `${target.directory}/secret`, address: target.address, bytes, keys });
      await draft.remove(`${target.directory}/value`, `${target.address} is a secret`);
    }
  }
  await draftSealed(workplace, draft, sealings);
  const touched = [...new Set(changed.flatMap(({ service }) => service ?? []))];
  await restoreHashes(draft, placings, incoming.hashes);
  await draftValidation(
    draft,
    touched.filter(({ address }) => !incoming.hashes.has(address)),
  );
  const plan = await planAccess(
    workplace,
    policyEdit({
      summary: summaryOf(changed.length, placings.length - changed.length, options.from),
      changes: draft.changes,
      warnings: [...incoming.notes, ...clearNotes(changed, options.readers)],
    }),
    { values, freshDataKey: ({ path }) => values.has(path) },
  );
  const told = await tellSealed(workplace, plan, sealings);
  return {
    ...told,
    next: [...told.next, ...(await staleNext(workplace.ground, options.graph, told.changes, touched))],
  };
}

/** A machine that is neither registered nor defined, and of which there is no value: its name may be that of another fleet. */
function refuseMachines({ values }: Incoming, index: PathIndex, registry: Registry, graph: ServiceGraph): void {
  const known = new Set([
    ...registry.machines.keys(),
    ...[...graph.services.values()].flatMap(({ machines }) => machines),
  ]);
  for (const { address } of readLayout(index).leaves) {
    if (address.kind === "var" && address.machine !== undefined) known.add(address.machine);
  }
  const machines = values.flatMap(({ parts }) => (parts.kind === "var" ? (parts.machine ?? []) : []));
  const strange = [...new Set(machines)].filter((name) => !known.has(name)).sort();
  const [first] = strange;
  if (first === undefined) return;
  throw new SecretsError(
    "E_IMPORT_MACHINE",
    strange.length === 1
      ? `there is no machine ${first} in this fleet`
      : `${strange.length} machines are not in this fleet`,
    {
      kind: "usage",
      hint: [...namedFew(strange, LISTED), `make them known first: secrets machine add ${first}`].join("\n"),
    },
  );
}

async function place(workplace: Workplace, value: IncomingValue, graph: ServiceGraph): Promise<Placing> {
  const target = await targetOf(workplace, value.address);
  if (target.tier !== "vars") throw new Error("an incoming value that is none of vars");
  const { parts } = value;
  const service =
    parts.kind === "var" ? graph.services.get(`vars/${parts.machine ?? "shared"}/${parts.service}`) : undefined;
  const file = parts.kind === "var" ? service?.files.find(({ name }) => name === parts.file) : undefined;
  const placing = { ...value, target, service, file };
  if (target.state === "absent") return { ...placing, state: "new" };
  const old = await valueAt(workplace, target);
  const moves = target.state === "public" && isSecret({ ...placing, state: "other" });
  if (Buffer.compare(old, value.bytes) !== 0) return { ...placing, state: "other" };
  return { ...placing, state: moves ? "new" : "same" };
}

/** What is a secret here stays one; what is new here is one, unless its definition says that everybody may know it. */
function isSecret({ target, file }: Placing): boolean {
  if (target.state === "secret") return true;
  return file === undefined ? target.state === "absent" : file.secret;
}

async function valueAt(workplace: Workplace, { state, path }: VarTarget): Promise<Uint8Array> {
  if (state === "public") return workplace.ground.read(path);
  const { plain } = await openDocument(workplace, path, "binary");
  return plainBytes("binary", plain);
}

function differs(differing: readonly Placing[]): SecretsError {
  const count = differing.length === 1 ? "a value is" : `${differing.length} values are`;
  return new SecretsError("E_IMPORT_DIFFERS", `${count} here already, and not the same`, {
    kind: "usage",
    hint: [
      ...namedFew(
        differing.map(({ address }) => address),
        LISTED,
      ),
      "nothing was changed: to write over them, add --replace",
    ].join("\n"),
  });
}

/** Who reads new secrets; what is inferred is inferred once for a service. */
class ReadersOf {
  readonly #workplace: Workplace;
  readonly #named: readonly string[] | undefined;
  readonly #defined: ReaderDraft;
  readonly #known = new Map<string, NewReaders>();

  constructor(workplace: Workplace, named: readonly string[] | undefined, defined: ReaderDraft) {
    this.#workplace = workplace;
    this.#named = named;
    this.#defined = defined;
  }

  /** Their links are drafted. */
  async of(target: VarTarget, service: Service | undefined, file: ServiceFile | undefined, draft: PolicyDraft) {
    if (this.#named === undefined && service !== undefined && file !== undefined) {
      this.#defined.refuseStrangers([service]);
      return this.#defined.keysFor(service, file, target.directory);
    }
    const beside = `${target.machine ?? ""}/${target.service ?? target.address}`;
    const readers = this.#known.get(beside) ?? (await readersForNewVar(this.#workplace, target, this.#named));
    this.#known.set(beside, readers);
    for (const member of readers.members) {
      await draft.link(target.directory, member, `reader ${member.kind}/${member.name}`);
    }
    return readers.keys;
  }
}

/** Exactly as they were: a service that was valid there is valid here. */
async function restoreHashes(
  draft: PolicyDraft,
  placings: readonly Placing[],
  hashes: ReadonlyMap<string, string>,
): Promise<void> {
  const folders = new Map<string, string>();
  for (const { parts, target } of placings) {
    if (parts.kind !== "var") continue;
    const folder = target.directory.slice(0, -(parts.file ?? "").length - 1);
    folders.set(`vars/${parts.machine ?? "shared"}/${parts.service}`, folder);
  }
  for (const [address, hash] of hashes) {
    const folder = folders.get(address);
    // A hash without a value beside it says nothing.
    if (folder === undefined) continue;
    await draftHash(draft, folder, hash);
  }
}

function clearNotes(changed: readonly Placing[], readers: readonly string[] | undefined): string[] {
  const unknown = changed.filter(({ target, file }) => target.state === "absent" && file === undefined);
  if (unknown.length === 0 || changed.every(({ parts }) => parts.kind === "secret")) return [];
  const one = unknown.length === 1;
  const become = one
    ? "1 value has no known definition here: it becomes a secret"
    : `${unknown.length} values have no known definition here: they become secrets`;
  if (readers !== undefined) return [become];
  return [
    `${become}, which ${one ? "its machine reads" : "their machines read"} too unless you name readers with --for`,
  ];
}

function summaryOf(changed: number, same: number, from: string): string {
  if (changed === 0) return `every value of ${from} is here already`;
  const kept = same === 0 ? "" : ` (${same} ${same === 1 ? "is" : "are"} the same already)`;
  return `import ${changed === 1 ? "1 value" : `${changed} values`} from ${from}${kept}`;
}
