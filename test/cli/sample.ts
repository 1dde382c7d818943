/** The sample fleet in a temporary git repository, and the whole program run in it as one of its people. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { writeSampleFleet } from "../../src/actions/demo/write-sample-fleet.ts";
import { run } from "../../src/repo/program.ts";
import { type Outcome, secrets, temporaryDirectory } from "./harness.ts";

export interface Sample {
  /** The fleet's root. */
  readonly root: string;
  /** The path of a person's identity file. */
  readonly keyOf: (person: string) => string;
  /** `secrets ARGUMENTS…` in the fleet's root as ada, or as whom the environment says. */
  readonly secrets: (argv: readonly string[], options?: SampleRun) => Promise<Outcome>;
  readonly read: (path: string) => Promise<string>;
  readonly git: (...argv: string[]) => Promise<string>;
}

interface SampleRun {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  /** Below the root. */
  readonly cwd?: string;
}

export async function sampleFleet(t: TestContext): Promise<Sample> {
  const base = await temporaryDirectory(t);
  const root = join(base, "fleet");
  const put = async (path: string, write: (path: string) => Promise<void>) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await write(join(root, path));
  };
  const made = await writeSampleFleet(
    {
      file: (path, content, mode) => put(path, (at) => writeFile(at, content, { mode })),
      link: (path, target) => put(path, (at) => symlink(target, at)),
    },
    new Date("2026-03-01T12:00:00Z"),
  );
  await mkdir(join(base, "home"));
  const keyOf = (person: string) => join(base, `${person}.txt`);
  for (const [name, text] of made.identities) await writeFile(keyOf(name), text, { mode: 0o600 });
  const git = async (...argv: string[]) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    const { code, stdout, stderr } = await run(["git", ...identity, ...argv], { cwd: root });
    if (code !== 0) throw new Error(stderr);
    return Buffer.from(stdout).toString("utf8");
  };
  await git("init", "--quiet");
  await git("add", "--all");
  await git("commit", "--quiet", "-m", "Sample");
  return {
    root,
    keyOf,
    secrets: (argv, options = {}) =>
      secrets(argv, {
        cwd: join(root, options.cwd ?? ""),
        env: { HOME: join(base, "home"), SOPS_AGE_KEY_FILE: keyOf("ada"), ...options.env },
        ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
      }),
    read: (path) => readFile(join(root, path), "utf8"),
    git,
  };
}
