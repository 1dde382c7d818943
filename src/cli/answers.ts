/** Answers to the prompts of services: from a file, or from the person. */
import { resolve } from "node:path";
import { type Answers, answersFrom, notAnswered, type Question } from "../actions/service/questions.ts";
import { SecretsError } from "../errors.ts";
import { toFault } from "../repo/fault.ts";
import { readOutside } from "../repo/read-outside.ts";
import { decodeText } from "../sops/text.ts";
import type { Context } from "./context.ts";
import { askHidden, askLine, askLines } from "./terminal/prompt.ts";
import { style } from "./terminal/styled.ts";

const MAX_BYTES = 16 * 1024 * 1024;
const TRIES = 3;

/**
 * All of them, before anything runs.
 * @param file `-` is stdin; undefined: the person is asked
 * @throws SecretsError `E_NO_ANSWER`, `E_ANSWER`, `E_ANSWERS`, `E_INTERRUPTED`
 */
export async function collectAnswers(
  context: Context,
  questions: readonly Question[],
  file: string | undefined,
): Promise<Answers> {
  if (file !== undefined) return answersFrom(await readAnswers(context, file), questions);
  if (questions.length === 0) return new Map();
  if (!context.terminal.interactive) {
    // An earlier answer stays where nobody can be asked for another one.
    const open = questions.filter(({ kept }) => !kept);
    if (open.length === 0) return new Map(questions.map(({ address }) => [address, null]));
    throw notAnswered(open.map(({ address }) => address));
  }
  const answers = new Map<string, string | null>();
  for (const question of questions) answers.set(question.address, await ask(context, question));
  return answers;
}

/** YAML: a map of texts. Its errors carry no line of it. */
async function readAnswers(context: Context, file: string): Promise<Map<string, string>> {
  const location = { file: file === "-" ? "stdin" : file };
  const bytes = await readBytes(context, file);
  const { isMap, isScalar, parseDocument } = await import("yaml");
  // Every plain scalar is a text: a PIN keeps its zeros.
  const document = parseDocument(decodeText(bytes).text, { schema: "failsafe", logLevel: "silent", uniqueKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const at = fault.linePos?.[0];
    throw unreadable(`it is no YAML (${fault.code})`, { ...location, ...(at && { line: at.line, column: at.col }) });
  }
  const { contents } = document;
  if (contents === null) return new Map();
  if (!isMap(contents)) throw unreadable("its top is no map", location);
  const answers = new Map<string, string>();
  for (const { key, value } of contents.items) {
    if (!isScalar(key)) throw unreadable("a key of it is no text", location);
    const address = String(key.value);
    if (!isScalar(value)) throw unreadable(`the answer for ${address} is no text`, location);
    answers.set(address, String(value.value ?? ""));
  }
  return answers;
}

async function readBytes(context: Context, file: string): Promise<Uint8Array> {
  if (file === "-") return context.readStdin();
  try {
    return await readOutside(resolve(context.directory, file), MAX_BYTES);
  } catch (error) {
    throw toFault(error, "read the answers", file);
  }
}

function unreadable(why: string, location: { file: string; line?: number; column?: number }): SecretsError {
  return new SecretsError("E_ANSWERS", `this is no file of answers: ${why}`, {
    kind: "usage",
    location,
    hint: "one answer to a line, as YAML: vars/MACHINE/SERVICE/PROMPT: TEXT",
  });
}

async function ask(context: Context, question: Question): Promise<string | null> {
  const { terminal } = context;
  const { address, prompt, kept } = question;
  const several = prompt.type === "multiline" || prompt.type === "multiline-hidden";
  const hidden = prompt.type === "hidden" || prompt.type === "multiline-hidden";
  terminal.note([style("bold", address), prompt.description === prompt.name ? "" : `  ${prompt.description}`]);
  const how = several ? "lines; end with Ctrl-D on a line of its own" : "one line";
  const stay = kept
    ? several
      ? "; Ctrl-D alone keeps the earlier answer"
      : "; Enter alone keeps the earlier answer"
    : "";
  const asking = { terminal, flag: "--answers FILE" };
  const label = `${prompt.name} (${hidden ? "hidden, " : ""}${how}${stay}):`;
  const once = (text: string) =>
    several ? askLines(text, hidden, asking) : hidden ? askHidden(text, asking) : askLine(text, asking);
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const answer = await once(label);
      if (kept && (answer === null || answer === "")) return null;
      if (answer === null) throw new SecretsError("E_INTERRUPTED", "the input ended", { kind: "interrupted" });
      // What is not seen while it is typed is typed twice.
      if (!hidden || (await once("again:")) === answer) return answer;
      terminal.note([style("yellow", "note"), ": the two are not the same"]);
    }
  } catch (error) {
    if (!(error instanceof SecretsError) || error.code !== "E_INTERRUPTED") throw error;
    throw new SecretsError("E_INTERRUPTED", `stopped at ${address}, which has no answer; nothing was changed`, {
      kind: "interrupted",
    });
  }
  throw new SecretsError("E_VALUES_DIFFER", `the answers for ${address} were not the same; nothing was changed`, {
    kind: "usage",
  });
}
