/**
 * What has to be asked before anything runs. An answer belongs to a prompt of a service in one place: two machines with
 * the same service have answers of their own.
 */
import { SecretsError } from "../../errors.ts";
import { didYouMean } from "../../fleet/address.ts";
import type { ServicePrompt } from "../../fleet/services/service.ts";
import { namedFew } from "../named-few.ts";
import type { Run } from "./choose-runs.ts";
import type { Standing } from "./standing.ts";

export interface Question {
  /** `vars/web01/user/password`: the service's address and the name of the prompt. */
  readonly address: string;
  readonly prompt: ServicePrompt;
  /** An earlier answer is kept as a file: no answer means that it stays. */
  readonly kept: boolean;
}

/** Null: the earlier answer stays. */
export type Answers = ReadonlyMap<string, string | null>;

const LISTED = 20;

/** In the order of the runs. Earlier answers stay without a question, unless new values were asked for. */
export function questionsOf(runs: readonly Run[], standings: ReadonlyMap<string, Standing>): Question[] {
  return runs.flatMap(({ service, afresh }) =>
    service.prompts.flatMap((prompt): Question[] => {
      const kept = isKept(prompt, standings.get(service.address));
      return kept && !afresh ? [] : [{ address: `${service.address}/${prompt.name}`, prompt, kept }];
    }),
  );
}

/** Whether the answer of an earlier run is there. */
export function isKept({ name, persist }: ServicePrompt, standing: Standing | undefined): boolean {
  if (!persist || standing === undefined) return false;
  return (
    standing.service.files.some((file) => file.name === name) && !standing.missing.some((file) => file.name === name)
  );
}

/**
 * The answers of a file, by which nobody has to be asked: `vars/web01/user/password: …`, or with a star in place of the
 * machine for every place that has none of its own.
 *
 * @throws SecretsError `E_ANSWER` for an answer that nothing asks for, `E_NO_ANSWER` naming the questions without one
 */
export function answersFrom(given: ReadonlyMap<string, string>, questions: readonly Question[]): Answers {
  const answers = new Map<string, string | null>();
  const used = new Set<string>();
  for (const { address, kept } of questions) {
    const everywhere = address.replace(/^vars\/[^/]+\//, "vars/*/");
    const key = given.has(address) ? address : everywhere;
    const answer = given.get(key);
    if (answer !== undefined) used.add(key);
    if (given.has(everywhere)) used.add(everywhere);
    if (answer !== undefined) answers.set(address, answer);
    else if (kept) answers.set(address, null);
  }
  const odd = [...given.keys()].filter((key) => !used.has(key));
  if (odd.length > 0) throw notAsked(odd, questions);
  const open = questions.filter(({ address }) => !answers.has(address)).map(({ address }) => address);
  if (open.length > 0) throw notAnswered(open);
  return answers;
}

/** @throws never; for the roof to throw when nobody can be asked, and there is no file of answers */
export function notAnswered(open: readonly string[]): SecretsError {
  return new SecretsError(
    "E_NO_ANSWER",
    `${open.length === 1 ? "a prompt has" : `${open.length} prompts have`} no answer`,
    {
      kind: "usage",
      hint: [
        ...namedFew(open, LISTED),
        "give them in a file of YAML, one ADDRESS: TEXT to a line: --answers FILE, or - for stdin",
      ].join("\n"),
    },
  );
}

function notAsked(odd: readonly string[], questions: readonly Question[]): SecretsError {
  const [first = ""] = odd;
  const known = questions.map(({ address }) => address);
  return new SecretsError(
    "E_ANSWER",
    `nothing asks for ${odd.length === 1 ? "this answer" : "these answers"}: ${odd.slice(0, LISTED).join(", ")}`,
    {
      kind: "usage",
      hint: didYouMean(first, known) ?? "secrets generate --dry-run shows what is asked",
    },
  );
}
