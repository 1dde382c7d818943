/** A fleet in memory in which services can be made: two machines, two people, one group; and a shop with toy makers. */
import { createHash } from "node:crypto";
import { getValue } from "../../../src/actions/get.ts";
import type { Plan } from "../../../src/actions/plan.ts";
import type { AccessPlan } from "../../../src/actions/rekey/access-plan.ts";
import type { RunChoice } from "../../../src/actions/service/choose-runs.ts";
import type { MadeFiles } from "../../../src/actions/service/maker-input.ts";
import { type GenerateTask, planGenerate, prepareGenerate } from "../../../src/actions/service/plan-generate.ts";
import type { Answers } from "../../../src/actions/service/questions.ts";
import type { Workshop } from "../../../src/actions/service/run-services.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import type { ServiceBook } from "../../../src/fleet/services/service.ts";
import type { MemoryFiles } from "../../fleet/memory-ground.ts";
import { keyJson, workplaceOf } from "../in-memory.ts";

export const ADA = makeAgeKey();
export const BRUNO = makeAgeKey();
export const WEB01 = makeAgeKey();
export const WEB02 = makeAgeKey();

export const FLEET: MemoryFiles = {
  "sops/users/ada/key.json": keyJson(ADA),
  "sops/users/bruno/key.json": keyJson(BRUNO),
  "sops/machines/web01/key.json": keyJson(WEB01),
  "sops/machines/web02/key.json": keyJson(WEB02),
  "sops/groups/admins/users/ada": { link: "../../../users/ada" },
  "sops/groups/admins/users/bruno": { link: "../../../users/bruno" },
};

const ALL: RunChoice = { machines: [], services: [], regenerate: false };

/** A script's outputs are its name, its inputs, its prompts and a count: the same never comes twice. */
export function toyShop(rest: Partial<Workshop> = {}): Workshop & { readonly ran: string[] } {
  const ran: string[] = [];
  let count = 0;
  const runScript: Workshop["runScript"] = async ({ name, inputs, prompts, outputs }) => {
    ran.push(name);
    await new Promise((resolve) => setTimeout(resolve, 1));
    const made = new Map<string, Uint8Array>();
    for (const output of outputs) {
      const hash = createHash("sha256").update(`${name} ${output} ${count++} `);
      for (const [key, bytes] of [...inputs, ...prompts]) hash.update(key).update(bytes);
      made.set(output, hash.digest());
    }
    return made;
  };
  const makeBuiltIn: Workshop["makeBuiltIn"] = async ({ service, inputs }): Promise<MadeFiles> => {
    ran.push(service.address);
    return new Map(service.files.map(({ name }) => [name, Buffer.concat([...inputs.values()])]));
  };
  return {
    makeBuiltIn,
    runScript,
    buildScripts: async () => new Map(),
    abreast: 3,
    now: new Date("2026-03-01T12:00:00Z"),
    ...rest,
    ran,
  };
}

export interface Generated {
  readonly task: GenerateTask;
  readonly plan: AccessPlan;
  /** The fleet afterwards. */
  readonly files: MemoryFiles;
  readonly ran: readonly string[];
}

/** By ada, unless somebody else is named. */
export async function generateIn(
  files: MemoryFiles,
  book: ServiceBook,
  choice: Partial<RunChoice> = {},
  {
    answers = new Map(),
    shop = toyShop(),
    keys = [ADA],
  }: { answers?: Answers; shop?: ReturnType<typeof toyShop>; keys?: (typeof ADA)[] } = {},
): Promise<Generated> {
  const workplace = await workplaceOf(files, ...keys);
  const task = await prepareGenerate(workplace, book, { ...ALL, ...choice });
  const plan = await planGenerate(workplace, task, answers, shop);
  return { task, plan, files: applied(files, plan), ran: shop.ran };
}

export function applied(files: MemoryFiles, { changes }: Plan): MemoryFiles {
  const next: Record<string, MemoryFiles[string]> = { ...files };
  for (const { change } of changes) {
    if (change.kind === "remove") delete next[change.path];
    else next[change.path] = change.kind === "link" ? { link: change.target } : change.bytes;
  }
  return next;
}

export async function valueIn(files: MemoryFiles, address: string, key = ADA): Promise<string> {
  const { bytes } = await getValue(await workplaceOf(files, key), address);
  return Buffer.from(bytes).toString("latin1");
}

/** Addresses of what would run. */
export async function dueIn(files: MemoryFiles, book: ServiceBook, choice: Partial<RunChoice> = {}): Promise<string[]> {
  const task = await prepareGenerate(await workplaceOf(files), book, { ...ALL, ...choice });
  return task.chosen.runs.map(({ service }) => service.address);
}

export function linksIn(files: MemoryFiles, folder: string): Record<string, string> {
  const links = Object.entries(files).flatMap(([path, content]) =>
    path.startsWith(`${folder}/`) && typeof content === "object" && "link" in content
      ? [[path.slice(folder.length + 1), content.link] as const]
      : [],
  );
  return Object.fromEntries(links.sort());
}
