/** Builds what actions are given out of what the process has: files, programs, the person's keys and answers. */
import { resolve } from "node:path";
import type { Plan } from "../actions/plan.ts";
import type { Workplace } from "../actions/workplace.ts";
import { type Keyring, loadKeyring } from "../age/keyring.ts";
import { SecretsError } from "../errors.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { type WorkTree, workTree } from "../fleet/ground.ts";
import { run } from "../repo/program.ts";
import { readOutside } from "../repo/read-outside.ts";
import { recover } from "../repo/recovery.ts";
import type { Root } from "../repo/root.ts";
import type { Context } from "./context.ts";
import { openPlugins } from "./plugin-person.ts";
import { openSealer } from "./sealing.ts";
import { askPassphrase } from "./terminal/prompt.ts";
import { style } from "./terminal/styled.ts";
import { hasTrust, trustPlace } from "./trust-place.ts";
import { VERSION } from "./version.ts";

/** What is larger than this is no list of identities to age, either; that is told where it is read. */
const MAX_KEY_FILE = 16 * 1024 * 1024;

/** A workplace in a work tree, which has a repository to write to. */
export interface LocalWorkplace extends Workplace {
  readonly repository: Root;
}

/** @throws SecretsError `E_NO_FLEET` when the person stands in no fleet. */
export async function openWorkplace(context: Context): Promise<LocalWorkplace> {
  const ground = await workTree(context.directory, VERSION);
  await recoverFirst(context, ground);
  return workplaceOn(context, ground);
}

function workplaceOn(context: Context, ground: WorkTree): LocalWorkplace {
  let fleet: Promise<Fleet> | undefined;
  let keyring: Promise<Keyring> | undefined;
  const plugins = openPlugins(context);
  return {
    ground,
    repository: ground.repository,
    // `get` of a value needs no model of the fleet, and does not wait for its code.
    fleet: () => (fleet ??= loadAndMeet(context, ground)),
    keyring: () => (keyring ??= openKeyring(context, plugins)),
    openSealer: (expected) => openSealer(expected, plugins),
    gpg: {
      program: context.env["SOPS_GPG_EXEC"] || "gpg",
      run: async (argv, stdin) => {
        const { code, stdout, stderr } = await run(argv, { env: context.env, input: stdin, timeoutMs: 300_000 });
        return { code: code ?? 1, stdout, stderr };
      },
    },
    now: context.now,
    apply: (plan) => apply(ground, plan),
  };
}

/** Whoever can read when this clone is first looked at is its baseline; a stranger who comes later is none of it. */
async function loadAndMeet({ now }: Context, ground: WorkTree): Promise<Fleet> {
  const { loadFleet } = await import("../fleet/fleet.ts");
  const fleet = await loadFleet(ground);
  if (!hasTrust(ground.repository)) {
    const { openTrust } = await import("../actions/trust/trust.ts");
    await openTrust(trustPlace(ground.repository), fleet, now());
  }
  return fleet;
}

/** The person's identities, wherever sops and clan look for them. */
export function openKeyring(context: Context, plugins = openPlugins(context)): Promise<Keyring> {
  return loadKeyring({
    env: context.env,
    home: context.home,
    platform: context.platform,
    readFile: readIfThere,
    runCommand: async (argv) => {
      const { code, stdout } = await run(argv, { env: context.env, timeoutMs: 300_000, maxOutput: 16 * 1024 * 1024 });
      if (code !== 0) throw new SecretsError("E_KEY_COMMAND", `${argv[0] ?? "the command"} ended with code ${code}`);
      return stdout;
    },
    askPassphrase: (what) => askPassphrase(what, context.terminal),
    plugins,
  });
}

/** What a killed run left half-way is finished or undone before anything else looks at the files. */
async function recoverFirst({ terminal }: Context, ground: WorkTree): Promise<void> {
  try {
    const { outcome, command, left } = await recover(ground.repository);
    if (outcome === "clean") return;
    const what = command === "" ? "an interrupted run" : `the interrupted run of "${command}"`;
    terminal.note([style("yellow", "note"), `: ${what} was ${outcome}`]);
    for (const path of left) terminal.note(["  left as it is, because someone changed it since: ", path]);
  } catch (error) {
    // A run that is busy right now is no reason not to read; whoever wants to write meets its lock.
    if (!(error instanceof SecretsError && error.code === "E_LOCKED")) throw error;
  }
}

async function apply(ground: WorkTree, plan: Plan): Promise<void> {
  const { applyChanges } = await import("../repo/transaction.ts");
  await applyChanges(
    ground.repository,
    plan.changes.map(({ change }) => change),
    { command: `secrets: ${plan.summary}`, now: new Date() },
  );
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readOutside(resolve(path), MAX_KEY_FILE);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}
