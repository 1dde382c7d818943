/** Changes of who reads many documents, as whole processes against the real sops. */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, compare, once, peakMemory } from "./measure.ts";
import { copyWithPolicy, generateRekeyFleet, type RekeyFleet } from "./rekey-fleet.ts";
import { headline, report, tell } from "./report.ts";

const READERS = 10;
/** Ten times as fast as sops. */
const AIM = 0.1;
/** MiB. */
const AIM_MEMORY = 400;

/** What both programs are started with. */
export interface Bench {
  readonly scratch: string;
  readonly sops: string;
  readonly secrets: (cwd: string, args: readonly string[], env: Command["env"]) => Command;
  readonly env: Command["env"];
}

/** One more reader: the same data key, sealed once more. */
export async function benchAddReader(bench: Bench, rounds: number): Promise<void> {
  const fleet = await generateRekeyFleet(join(bench.scratch, "add"), 1000, READERS);
  const env = withKey(bench, fleet);
  const readers = [...fleet.readers, fleet.newcomer];
  const ours = (round: number): Command => {
    const cwd = copyWithPolicy(fleet, join(bench.scratch, `add-ours-${round}`), readers);
    return bench.secrets(cwd, ["sync", "--yes", "--allow", fleet.newcomer.recipient], env);
  };
  const theirs = (round: number): Command => {
    const cwd = copyWithPolicy(fleet, join(bench.scratch, `add-sops-${round}`), readers);
    return { program: bench.sops, args: ["updatekeys", "--yes", ...fleet.documents], cwd, env };
  };
  const what = "sync that adds one reader to 1,000 documents with ten, against one sops updatekeys";
  report(what, compare(ours, theirs, rounds), AIM);
  for (const side of ["ours", "sops"]) expectReader(bench, fleet, join(bench.scratch, `add-${side}-${rounds}`));
}

/** One reader for another: a new data key for each document, and every value sealed anew. */
export async function benchReplaceReader(bench: Bench): Promise<void> {
  const fleet = await generateRekeyFleet(join(bench.scratch, "replace"), 1000, READERS);
  const env = withKey(bench, fleet);
  const cwd = copyWithPolicy(fleet, join(bench.scratch, "replace-ours"), fleet.readers);
  const ours = bench.secrets(cwd, ["rotate", "user", "reader5", "--to", fleet.newcomer.recipient, "--yes"], env);
  const readers = fleet.readers.with(5, fleet.newcomer);
  const theirCwd = copyWithPolicy(fleet, join(bench.scratch, "replace-sops"), readers);
  const script = '"$0" updatekeys --yes "$@" && for file; do "$0" rotate --in-place "$file" || exit; done';
  const theirs: Command = {
    program: "sh",
    args: ["-c", script, bench.sops, ...fleet.documents],
    cwd: theirCwd,
    env,
  };
  const what = "rotate that replaces one of ten keys in 1,000 documents, against sops updatekeys and sops rotate";
  report(what, once(ours, theirs), AIM);
  for (const each of [cwd, theirCwd]) expectReader(bench, fleet, each);
}

/** Ten thousand documents in one transaction. */
export async function benchRekeyMemory(bench: Bench): Promise<void> {
  const fleet = await generateRekeyFleet(join(bench.scratch, "memory"), 10_000, READERS);
  const cwd = copyWithPolicy(fleet, join(bench.scratch, "memory-ours"), [...fleet.readers, fleet.newcomer]);
  const args = ["sync", "--yes", "--allow", fleet.newcomer.recipient];
  const peak = peakMemory(bench.secrets(cwd, args, withKey(bench, fleet)), bench.scratch);
  expectReader(bench, fleet, cwd);
  headline("sync that adds one reader to 10,000 documents with ten");
  tell("  peak memory", `${peak.toFixed(0)} MiB`, `aim: below ${AIM_MEMORY}${peak < AIM_MEMORY ? "" : ", MISSED"}`);
  for (const each of [fleet.root, cwd]) rmSync(each, { recursive: true });
}

function withKey(bench: Bench, { root, readers: [first] }: RekeyFleet): Command["env"] {
  const path = `${root}.txt`;
  writeFileSync(path, `${first?.identity}\n`, { mode: 0o600 });
  return { ...bench.env, SOPS_AGE_KEY_FILE: path };
}

/** A fast change that did not happen is none. */
function expectReader(bench: Bench, { documents, newcomer }: RekeyFleet, cwd: string): void {
  const env = { ...bench.env, SOPS_AGE_KEY: newcomer.identity };
  for (const document of [documents[0], documents.at(-1)]) {
    const { status, stderr } = spawnSync(bench.sops, ["decrypt", document ?? ""], { cwd, env, encoding: "utf8" });
    if (status !== 0) throw new Error(`the new reader cannot open ${document} in ${cwd}: ${stderr}`);
  }
}
