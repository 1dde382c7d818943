/** A sample fleet as a team has it that runs the examples: without drift, the tool packed in it, and a remote. */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { PEOPLE } from "../../../src/actions/demo/sample-fleet.ts";
import { run } from "../../../src/repo/program.ts";
import { type Sample, sampleFleet } from "../../cli/sample.ts";
import { type JobRun, runJob, stepEnvironment } from "./runner.ts";
import { readWorkflow, shellOf } from "./workflow.ts";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const PEERS = process.env["SECRETS_PEERS"] ?? fileURLToPath(new URL("../../../.peers/bin", import.meta.url));
const DAY = 24 * 60 * 60 * 1000;

export interface SharedFleet extends Sample {
  /** A job of an example, on what the remote has. @param identity of CI; without it the secret is not there */
  readonly job: (example: string, identity?: string) => Promise<JobRun>;
  /** A script in the clone of somebody who has everybody's keys. `gh` and `curl` keep what they are given. */
  readonly shell: (script: string, env?: Readonly<Record<string, string>>) => Promise<{ code: number; log: string }>;
  /** The folder for what must not lie on a disk. */
  readonly memory: string;
  readonly kept: (file: "gh" | "curl") => Promise<string>;
  /** The last commit of the remote. */
  readonly head: () => Promise<string>;
}

export async function sharedFleet(t: TestContext): Promise<SharedFleet> {
  const sample = await sampleFleet(t);
  const base = dirname(sample.root);
  const remote = join(base, "remote.git");
  const memory = join(base, "memory");
  const kept = join(base, "kept");
  for (const folder of [memory, kept]) await mkdir(folder);
  await writePrograms(join(base, "bin"), kept);
  const rules = await sample.read(".sops.yaml");
  await writeFile(join(sample.root, ".sops.yaml"), rules.replace(/^ +- \*db01\n/m, ""));
  await packTool(join(base, "package"), join(sample.root, "tools"));
  await sample.git("init", "--quiet", "--bare", "--initial-branch=main", remote);
  await sample.git("branch", "--move", "main");
  await sample.git("remote", "add", "origin", remote);
  await sample.git("config", "user.name", "ada");
  await sample.git("config", "user.email", "ada@example.org");
  await sample.git("add", "--all");
  await sample.git("commit", "--quiet", "--message", "Mend the drift, pack the tool");
  await sample.git("push", "--quiet", "--set-upstream", "origin", "main");
  const everybody = (await Promise.all(PEOPLE.map((person) => readFile(sample.keyOf(person), "utf8")))).join("");
  return {
    ...sample,
    memory,
    job: (example, identity = "") => {
      const expressions = { "github.ref": "refs/heads/main", "secrets.SOPS_AGE_KEY": identity };
      return runJob(readWorkflow(example), { base, remote, expressions });
    },
    shell: async (script, more = {}) => {
      const file = join(base, "script.sh");
      await writeFile(file, script);
      const keys = { SOPS_AGE_KEY: everybody, XDG_RUNTIME_DIR: memory };
      const env = { ...stepEnvironment(base, memory), ...keys, ...more };
      const { code, stdout, stderr } = await run(["bash", file], { cwd: sample.root, env });
      return { code: code ?? 1, log: `${Buffer.from(stdout).toString("utf8")}${stderr}` };
    },
    kept: (file) => readFile(join(kept, file), "utf8"),
    head: async () => (await sample.git("ls-remote", "origin", "main")).split("\t")[0] ?? "",
  };
}

/** Does what the README says for the first key of CI. @returns the identity that was handed over */
export async function addCi({ shell, kept }: SharedFleet): Promise<string> {
  const { code, log } = await shell(shellOf("## A key for CI"));
  if (code !== 0) throw new Error(log);
  return kept("gh");
}

/** Makes all that was committed as old as said, with a commit of today on top, and publishes both. */
export async function makeOld({ root, git, shell }: SharedFleet, days: number): Promise<void> {
  const date = new Date(Date.now() - days * DAY).toISOString();
  await git("reset", "--quiet", "--soft", (await git("rev-list", "--max-parents=0", "HEAD")).trim());
  await shell(`git commit --quiet --amend --no-edit --date "$GIT_COMMITTER_DATE"`, { GIT_COMMITTER_DATE: date });
  await writeFile(join(root, "README.md"), "Our fleet\n");
  await git("add", "README.md");
  await git("commit", "--quiet", "--message", "Say what this is");
  await git("push", "--quiet", "--force", "origin", "main");
}

async function writePrograms(folder: string, kept: string): Promise<void> {
  await mkdir(folder);
  const programs = {
    secrets: runsSources(),
    "age-keygen": `exec "${join(PEERS, "age-keygen")}" "$@"`,
    gh: `[ "$*" = "secret set SOPS_AGE_KEY" ] && cat >"${kept}/gh"`,
    // Its arguments one a line, with the content of a file in place of its name.
    curl: `for word; do case $word in @*) cat "\${word#@}" ;; *) echo "$word" ;; esac; done >"${kept}/curl"`,
  };
  for (const [name, text] of Object.entries(programs)) await writeProgram(join(folder, name), text);
}

/** As `npm pack` makes it, with the sources behind its program: what is built is looked at by `npm run pack:check`. */
async function packTool(source: string, folder: string): Promise<void> {
  const { name, version } = JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8"));
  for (const path of [source, folder]) await mkdir(path);
  await writeFile(join(source, "package.json"), JSON.stringify({ name, version, bin: { secrets: "secrets.sh" } }));
  await writeProgram(join(source, "secrets.sh"), runsSources());
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: source, stdio: "pipe" });
}

function runsSources(): string {
  return `exec "${process.execPath}" "${MAIN}" "$@"`;
}

async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
}
