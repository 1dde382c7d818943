/**
 * A workflow file as far as the examples use it: every key that a runner would act on is known here, and any other is
 * refused, so that no part of an example goes untried in silence.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";

const permissions = z.strictObject({ contents: z.enum(["read", "write"]).optional() });

const action = z.strictObject({
  name: z.string(),
  uses: z.string(),
  with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
const script = z.strictObject({
  name: z.string(),
  run: z.string(),
  env: z.record(z.string(), z.string()).optional(),
});

const workflow = z.strictObject({
  name: z.string(),
  on: z.strictObject({
    push: z.null().optional(),
    pull_request: z.null().optional(),
    schedule: z.array(z.strictObject({ cron: z.string().regex(/^\d+ \d+ \* \* [0-6]$/) })).optional(),
    workflow_dispatch: z.null().optional(),
  }),
  permissions,
  concurrency: z.strictObject({ group: z.string(), "cancel-in-progress": z.boolean() }),
  jobs: z.record(
    z.string(),
    z.strictObject({
      "runs-on": z.enum(["ubuntu-latest", "docker"]),
      container: z.strictObject({ image: z.string() }).optional(),
      "timeout-minutes": z.int().positive(),
      permissions: permissions.optional(),
      steps: z.array(z.union([action, script])),
    }),
  ),
});

export type Workflow = z.output<typeof workflow>;
export type Job = Workflow["jobs"][string];
export type Action = z.output<typeof action>;
export type Script = z.output<typeof script>;

const EXAMPLES = new URL("../../../examples/ci/", import.meta.url);

/** @param path below `examples/ci/` */
export function readExample(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, EXAMPLES)), "utf8");
}

/** @throws ZodError when the file has anything else than the keys above */
export function readWorkflow(path: string): Workflow {
  return workflow.parse(parse(readExample(path)));
}

/** The one job of a workflow. */
export function onlyJob({ jobs }: Workflow): Job {
  const [job, ...more] = Object.values(jobs);
  if (job === undefined || more.length > 0) throw new Error("a workflow of the examples has one job");
  return job;
}

/** The shell blocks of a section of the README, in their order. */
export function shellOf(heading: string): string {
  const section = readExample("README.md")
    .split(/^(?=##+ )/m)
    .find((text) => text.startsWith(heading));
  if (section === undefined) throw new Error(`examples/ci/README.md has no section ${heading}`);
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join("");
}
