/** `generate`: what is due is made, in the order of what reads what, and becomes one plan; what is not due is put right. */
import { SecretsError } from "../../errors.ts";
import type { Service, ServiceBook } from "../../fleet/services/service.ts";
import { plainBytes } from "../../sops/plain-text.ts";
import { openDocument } from "../document.ts";
import type { AccessPlan } from "../rekey/access-plan.ts";
import type { Workplace } from "../workplace.ts";
import { type Chosen, chooseRuns, type Run, type RunChoice } from "./choose-runs.ts";
import { type ServiceGraph, soundGraph } from "./graph.ts";
import type { MadeFiles } from "./maker-input.ts";
import { planValues } from "./plan-values.ts";
import { type Answers, isKept, type Question, questionsOf } from "./questions.ts";
import { runServices, type Workshop } from "./run-services.ts";
import { readStandings, type Standing } from "./standing.ts";

/** What would run, and what is asked before. */
export interface GenerateTask {
  readonly graph: ServiceGraph;
  readonly standings: ReadonlyMap<string, Standing>;
  readonly chosen: Chosen;
  readonly questions: readonly Question[];
}

/** Without any key. @throws SecretsError `E_SERVICE_DEPENDENCY`, `E_SERVICE_CYCLE`, `E_NO_SERVICE`, `E_NO_MACHINE` */
export async function prepareGenerate(
  workplace: Workplace,
  book: ServiceBook,
  choice: RunChoice,
): Promise<GenerateTask> {
  const graph = soundGraph(book.services);
  const standings = await readStandings(workplace.ground, graph);
  const chosen = chooseRuns(graph, standings, choice);
  return { graph, standings, chosen, questions: questionsOf(chosen.runs, standings) };
}

/**
 * Runs what is due and lays out the plan; nothing is written.
 * @throws SecretsError what a maker throws, and `planValues`
 */
export async function planGenerate(
  workplace: Workplace,
  { graph, standings, chosen }: GenerateTask,
  answers: Answers,
  shop: Workshop,
): Promise<AccessPlan> {
  const { runs, byHand, selected } = chosen;
  const reader = new ValueReader(workplace, standings);
  // Threads that seal get ready while values are made.
  const sealer = workplace.openSealer(leastSeals(runs));
  try {
    const made = await runServices(runs, graph, shop, {
      valueOf: (service, file) => reader.read(service, file),
      promptsOf: (service) => promptsOf(service, answers, standings, reader),
    });
    const running = new Set(made.keys());
    return await planValues(workplace, {
      graph,
      standings,
      made,
      mended: selected.filter(({ address }) => !running.has(address)),
      summary: summaryOf(made),
      next: byHand.flatMap(({ service }) => nextFor(standings.get(service.address))),
      sealer,
    });
  } finally {
    await sealer.close();
  }
}

/** One person at least reads each secret, beside its machines. */
function leastSeals(runs: readonly Run[]): number {
  const of = ({ files, machines }: Service) =>
    files.reduce((sum, { secret, deploy }) => sum + (secret ? 1 + (deploy ? machines.length : 0) : 0), 0);
  return runs.reduce((sum, { service }) => sum + of(service), 0);
}

function nextFor(standing: Standing | undefined): string[] {
  if (standing?.state !== "by hand") return [];
  return standing.missing.map(({ name }) => `secrets set ${standing.service.address}/${name}`);
}

function summaryOf(made: ReadonlyMap<string, MadeFiles>): string {
  const [first] = made.keys();
  if (first === undefined) return "put links of services right";
  return made.size === 1 ? `generate ${first}` : `generate ${made.size} services`;
}

async function promptsOf(
  service: Service,
  answers: Answers,
  standings: ReadonlyMap<string, Standing>,
  reader: ValueReader,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const prompts = new Map<string, Uint8Array>();
  for (const prompt of service.prompts) {
    const answer = answers.get(`${service.address}/${prompt.name}`) ?? null;
    if (answer !== null) prompts.set(prompt.name, Buffer.from(answer, "utf8"));
    else if (isKept(prompt, standings.get(service.address))) {
      prompts.set(prompt.name, await reader.read(service, prompt.name));
    } else {
      throw new SecretsError("E_NO_ANSWER", `${service.address}/${prompt.name} has no answer`, { kind: "usage" });
    }
  }
  return prompts;
}

/** Values of the fleet, each opened once. */
class ValueReader {
  readonly #workplace: Workplace;
  readonly #standings: ReadonlyMap<string, Standing>;
  readonly #known = new Map<string, Promise<Uint8Array>>();

  constructor(workplace: Workplace, standings: ReadonlyMap<string, Standing>) {
    this.#workplace = workplace;
    this.#standings = standings;
  }

  read(service: Service, file: string): Promise<Uint8Array> {
    const secret = service.files.find(({ name }) => name === file)?.secret !== false;
    const folder = this.#standings.get(service.address)?.folder ?? service.address;
    const path = `${folder}/${file}/${secret ? "secret" : "value"}`;
    const value = this.#known.get(path) ?? (secret ? this.#open(path) : this.#workplace.ground.read(path));
    this.#known.set(path, value);
    return value;
  }

  async #open(path: string): Promise<Uint8Array> {
    const { plain } = await openDocument(this.#workplace, path, "binary");
    return plainBytes("binary", plain);
  }
}
