/** `renew`: the right way for each value: made anew by its service, asked for, or put on a checklist for somebody's hands. */
import type { Service, ServiceBook } from "../../fleet/services/service.ts";
import { repoPath } from "../../repo/path.ts";
import { groundAfter, type PlannedChange } from "../plan.ts";
import { type AccessPlan, policyEdit } from "../rekey/access-plan.ts";
import { planAccess } from "../rekey/plan-access.ts";
import type { ServiceGraph } from "../service/graph.ts";
import { type GenerateTask, planGenerate, prepareGenerate } from "../service/plan-generate.ts";
import type { Answers } from "../service/questions.ts";
import type { Workshop } from "../service/run-services.ts";
import { definitionOf } from "../service/set-defined.ts";
import type { Workplace } from "../workplace.ts";
import { CHECKLISTS, type ChecklistEntry, formatChecklist, MAX_ENTRIES, readChecklists } from "./checklist.ts";
import type { ChosenValues } from "./choose-values.ts";
import type { ExposedValue } from "./exposure.ts";
import { contentOf, ValueComparer } from "./same-value.ts";

export interface RenewTask {
  readonly chosen: ChosenValues;
  /** In the order of their addresses. */
  readonly values: readonly WaysOfValue[];
  /** Undefined: no service makes any of them. */
  readonly generate: GenerateTask | undefined;
}

export interface WaysOfValue {
  readonly value: ExposedValue;
  readonly how: "regenerate" | "ask" | "by hand";
  /** The address of what makes it. */
  readonly service?: string;
}

/** Addresses that the summary of what is to be done names. */
const NAMED = 3;

/** Without any key. @throws SecretsError what `prepareGenerate` throws */
export async function prepareRenew(workplace: Workplace, book: ServiceBook, chosen: ChosenValues): Promise<RenewTask> {
  const known = new Map(book.services.map((service) => [service.address, service]));
  const graph: Pick<ServiceGraph, "services"> = { services: known };
  const makers = new Map(
    chosen.values.map((value) => [value, definitionOf(graph, value.document.address)?.service] as const),
  );
  const roots = new Set([...makers.values()].filter((service) => service !== undefined).flatMap(rootsOf(known)));
  const generate =
    roots.size === 0
      ? undefined
      : await prepareGenerate(workplace, book, { machines: [], services: [...roots], regenerate: true });
  const running = new Set(generate?.chosen.runs.map(({ service }) => service.address));
  const values = [...makers].map(([value, service]): WaysOfValue => {
    if (service === undefined || !running.has(service.address)) return { value, how: "by hand" };
    return { value, how: service.prompts.length > 0 ? "ask" : "regenerate", service: service.address };
  });
  return { chosen, values: values.sort((a, b) => (a.value.address < b.value.address ? -1 : 1)), generate };
}

/** What has to run so that a value of a service is another one: a copy is only as new as what it is a copy of. */
function rootsOf(known: ReadonlyMap<string, Service>) {
  const roots = (service: Service, seen: ReadonlySet<string> = new Set()): string[] => {
    const { maker, address, machine } = service;
    if (maker.kind === "built-in" && maker.name === "external") return [];
    if (maker.kind !== "built-in" || maker.name !== "copy" || seen.has(address)) return [address];
    const [name = ""] = String(maker.options["from"] ?? "").split("/");
    const source = known.get(`vars/${machine}/${name}`) ?? known.get(`vars/shared/${name}`);
    return source === undefined ? [address] : [address, ...roots(source, new Set([...seen, address]))];
  };
  return (service: Service): string[] => roots(service);
}

/**
 * Runs services and lays out the plan; nothing is written.
 * @throws SecretsError what `planGenerate` and `planAccess` throw
 */
export async function planRenew(
  workplace: Workplace,
  task: RenewTask,
  answers: Answers,
  shop: () => Promise<Workshop>,
): Promise<AccessPlan> {
  const { generate, chosen } = task;
  const plan =
    generate === undefined
      ? await planAccess(workplace, policyEdit({ summary: "" }))
      : await planGenerate(workplace, generate, answers, await shop());
  const { left, same, unsure } = await stillToRenew(workplace, task, plan);
  const lists = await draftLists(workplace, plan, chosen, left);
  const made = task.values.length - left.length;
  return {
    ...plan,
    summary: summaryOf(made, left.length),
    changes: [...plan.changes, ...lists],
    policy: [...plan.policy, ...lists],
    warnings: [
      ...plan.warnings,
      ...chosen.warnings,
      ...same.map((address) => `${address} came out as the same value again: it is still to be renewed, by hand`),
      ...unsure.map((address) => `${address} was made anew, and no key here tells whether it is another value`),
    ],
    next: [...plan.next, ...nextFor(left)],
  };
}

/** What no service made another value of. */
async function stillToRenew(workplace: Workplace, { values }: RenewTask, plan: AccessPlan): Promise<Left> {
  const written = new Map(plan.changes.map(({ change }) => [change.path as string, change]));
  const comparer = new ValueComparer(workplace);
  const left: ExposedValue[] = [];
  const same: string[] = [];
  const unsure: string[] = [];
  for (const { value } of values) {
    const { document, address } = value;
    const change = written.get(document.path);
    if (change?.kind === "remove") continue;
    const before = contentOf(await workplace.ground.read(document.path), document.format);
    const after = change?.kind === "write" ? contentOf(change.bytes, document.format) : undefined;
    if (before === undefined || after === undefined) {
      left.push(value);
      continue;
    }
    const again = await comparer.same(before, after, address.slice(document.address.length + 1));
    if (again === undefined) unsure.push(address);
    if (again !== true) continue;
    same.push(address);
    const key = address.slice(document.address.length + 1);
    left.push({ ...value, traces: after.traces.get(key) ?? value.traces });
  }
  return { left, same, unsure };
}

interface Left {
  readonly left: readonly ExposedValue[];
  readonly same: readonly string[];
  readonly unsure: readonly string[];
}

/** Where the first list of this renewal would lie. */
async function listPlace({ ground, now }: Workplace, { label }: ChosenValues): Promise<(index: number) => string> {
  const day = now().toISOString().slice(0, 10);
  const name = label
    .replace(/^(users|machines|groups)\//, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .slice(0, 60);
  const taken = new Set((await ground.list()).map(({ path }) => path));
  const places: string[] = [];
  return (index) => {
    for (let count = 1; places.length <= index; count++) {
      const path = `${CHECKLISTS}/${day}-${name}${count === 1 ? "" : `-${count}`}.yaml`;
      if (!taken.has(path) && !places.includes(path)) places.push(path);
    }
    return places[index] ?? "";
  };
}

/** New lists for what no list has yet. */
async function draftLists(
  workplace: Workplace,
  { changes }: AccessPlan,
  chosen: ChosenValues,
  left: readonly ExposedValue[],
): Promise<readonly PlannedChange[]> {
  const after = groundAfter(workplace.ground, changes);
  const { lists } = await readChecklists(after);
  const listed = new Set(lists.flatMap(({ entries }) => entries.map(({ address }) => address)));
  const entries = left
    .filter(({ address }) => !listed.has(address))
    .map(({ address, traces }): ChecklistEntry => ({ address, traces, line: 0 }));
  if (entries.length === 0) return [];
  const place = await listPlace(workplace, chosen);
  const since = workplace.now().toISOString().slice(0, 10);
  return Array.from({ length: Math.ceil(entries.length / MAX_ENTRIES) }, (_, index) => ({
    change: {
      kind: "write",
      path: repoPath(place(index)),
      bytes: formatChecklist({
        reason: chosen.reason,
        since,
        entries: entries.slice(index * MAX_ENTRIES, (index + 1) * MAX_ENTRIES),
      }),
      expect: "absent",
    },
    reason: "what is to be renewed by hand",
  }));
}

function summaryOf(made: number, left: number): string {
  const values = (count: number) => (count === 1 ? "1 value" : `${count} values`);
  if (made === 0 && left === 0) return "there is nothing to renew";
  if (left === 0) return `renew ${values(made)}`;
  return made === 0
    ? `list ${values(left)} to renew by hand`
    : `renew ${values(made)}, and list ${left} to renew by hand`;
}

function nextFor(left: readonly ExposedValue[]): string[] {
  if (left.length === 0) return [];
  const named = left.slice(0, NAMED).map(({ address }) => `secrets edit ${address}`);
  return [...named, `secrets check names all that is left to renew by hand (${left.length})`];
}
