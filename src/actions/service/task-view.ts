/** What `generate` would do, as data: `--check` and `--dry-run` print it. Names alone, no value. */
import type { PlannedChange } from "../plan.ts";
import type { Run } from "./choose-runs.ts";
import type { GenerateTask } from "./plan-generate.ts";

export interface GenerateView {
  readonly schemaVersion: 1;
  /** Nothing would run, nothing is missing, and no link would change. */
  readonly current: boolean;
  /** In the order in which they could run one after the other. */
  readonly runs: readonly RunView[];
  /** What only a person can supply, or what waits for that. */
  readonly byHand: readonly RunView[];
  readonly prompts: readonly PromptView[];
  /** Links that would come or go beside values that stay. */
  readonly links: readonly LinkView[];
}

export interface RunView {
  readonly service: string;
  readonly reasons: readonly string[];
  /** Addresses of what it makes; of one that only a person can supply, of what is missing. */
  readonly files: readonly string[];
}

export interface PromptView {
  readonly address: string;
  readonly type: "line" | "hidden" | "multiline" | "multiline-hidden";
  readonly description: string;
  /** An earlier answer stays if none is given. */
  readonly kept: boolean;
}

export interface LinkView {
  readonly path: string;
  readonly verb: "add" | "write" | "remove";
  readonly reason: string;
}

/** @param links what would be put right beside values that stay */
export function viewTask(
  { chosen, questions, standings }: GenerateTask,
  links: readonly PlannedChange[],
): GenerateView {
  const { runs, byHand } = chosen;
  const missing = ({ service, reasons }: Run): RunView => ({
    service: service.address,
    reasons,
    files: (standings.get(service.address)?.missing ?? []).map(({ name }) => `${service.address}/${name}`),
  });
  return {
    schemaVersion: 1,
    current: runs.length + byHand.length + links.length === 0,
    runs: runs.map(({ service, reasons }) => ({
      service: service.address,
      reasons,
      files: service.files.map(({ name }) => `${service.address}/${name}`),
    })),
    byHand: byHand.map(missing),
    prompts: questions.map(({ address, prompt: { type, description }, kept }) => ({
      address,
      type,
      description,
      kept,
    })),
    links: links.map(({ change, reason }) => ({
      path: change.path,
      verb: change.kind === "remove" ? "remove" : change.expect === "absent" ? "add" : "write",
      reason,
    })),
  };
}
