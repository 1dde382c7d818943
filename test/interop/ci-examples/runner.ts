/** Does what a runner does with a job: a clone, then one bash for each step, with what the step states and no more. */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { run } from "../../../src/repo/program.ts";
import { type Action, onlyJob, type Script, type Workflow } from "./workflow.ts";

export interface Runner {
  /** A folder of the test; each job gets one of its own in it. */
  readonly base: string;
  /** The repository that is cloned, and pushed to. */
  readonly remote: string;
  /** What `${{ … }}` stands for. */
  readonly expressions: Readonly<Record<string, string>>;
}

export interface JobRun {
  readonly code: number;
  /** The step that failed. */
  readonly failed?: string;
  /** All that the steps printed. */
  readonly log: string;
}

/** Actions that are known, by their name without the version. They are not run: what they stand for is done here. */
const ACTIONS: Readonly<Record<string, (job: Started, step: Action, mayPush: boolean) => Promise<void>>> = {
  "actions/checkout": checkOut,
  "https://data.forgejo.org/actions/checkout": checkOut,
  "actions/setup-node": async () => {},
};

interface Started extends Runner {
  readonly directory: string;
  readonly work: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function runJob(workflow: Workflow, runner: Runner): Promise<JobRun> {
  const job = onlyJob(workflow);
  const started = await start(runner);
  const evaluate = (text: string) => replaceExpressions(text, runner.expressions);
  evaluate(workflow.concurrency.group);
  const mayPush = (job.permissions ?? workflow.permissions).contents === "write";
  let log = "";
  for (const step of job.steps) {
    if ("uses" in step) {
      await actionOf(step)(started, step, mayPush);
      continue;
    }
    const env = Object.entries(step.env ?? {}).map(([name, value]) => [name, evaluate(value)]);
    const { code, output } = await runScript(started, step, Object.fromEntries(env));
    log += output;
    if (code !== 0) return { code, failed: step.name, log };
  }
  return { code: 0, log };
}

/** @throws Error for an action that is not on the list, or one whose version is not a whole commit id */
export function actionOf({ uses }: Action) {
  const [, name = "", version = ""] = /^(.*)@(.*)$/.exec(uses) ?? [];
  const known = ACTIONS[name];
  if (known === undefined) throw new Error(`${uses} is not on the list of actions`);
  if (!/^[0-9a-f]{40}$/.test(version)) throw new Error(`${uses} can become something else`);
  return known;
}

function replaceExpressions(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (whole, expression: string) => {
    const value = values[expression.trim()];
    if (value === undefined) throw new Error(`nobody says what ${whole} is`);
    return value;
  });
}

async function start(runner: Runner): Promise<Started> {
  const directory = await mkdtemp(join(runner.base, "job-"));
  const temp = join(directory, "temp");
  for (const folder of [temp, join(directory, "home")]) await mkdir(folder);
  return { ...runner, directory, work: join(directory, "work"), env: stepEnvironment(directory, temp) };
}

/** What a step finds without asking for it: nothing of the person who runs the tests. */
export function stepEnvironment(directory: string, temp: string): Record<string, string> {
  const path = [join(directory, "bin"), dirname(process.execPath), process.env["PATH"] ?? ""];
  return {
    PATH: path.join(delimiter),
    HOME: join(directory, "home"),
    LANG: "C.UTF-8",
    CI: "true",
    GITHUB_ACTIONS: "true",
    RUNNER_TEMP: temp,
    GIT_CONFIG_NOSYSTEM: "1",
    npm_config_prefix: directory,
    npm_config_cache: join(temp, "npm"),
    npm_config_update_notifier: "false",
    // A run takes a third of the time when the sources need not be compiled again.
    NODE_COMPILE_CACHE: join(tmpdir(), `secrets-test-code-${process.getuid?.()}`),
  };
}

async function checkOut(job: Started, { with: inputs = {} }: Action, mayPush: boolean): Promise<void> {
  const depth = Number(inputs["fetch-depth"] ?? 1);
  const shallow = depth === 0 ? [] : ["--depth", String(depth)];
  // A path is copied whole whatever the depth; an address is not.
  await git(job, job.directory, ["clone", "--quiet", ...shallow, `file://${job.remote}`, job.work]);
  if (mayPush && inputs["persist-credentials"] !== false) return;
  await git(job, job.work, ["config", "remote.origin.pushurl", "file:///nobody/may/push"]);
}

async function git({ env }: Started, cwd: string, argv: readonly string[]): Promise<void> {
  const { code, stderr } = await run(["git", ...argv], { cwd, env });
  if (code !== 0) throw new Error(stderr);
}

async function runScript(job: Started, { run: text }: Script, env: Readonly<Record<string, string>>) {
  const file = join(job.directory, "step.sh");
  await writeFile(file, text);
  const result = await run(["bash", "-e", file], { cwd: job.work, env: { ...job.env, ...env } });
  return { code: result.code ?? 1, output: `${Buffer.from(result.stdout).toString("utf8")}${result.stderr}` };
}
