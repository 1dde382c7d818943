/** The crypto of large changes against what the machine can do at all: `openssl speed ecdhx25519`. */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { headline, tell } from "./report.ts";
import type { SealingTimes } from "./sealing-job.ts";

const AIM = 2;
const DOCUMENTS = 1000;

/**
 * The floor is the X25519 operations that a job cannot do without, at OpenSSL's pace, on all cores: one to open a data
 * key, two to seal it (the ephemeral key is one). Everything else that an age file needs is above it.
 */
export async function benchSealing(scratch: string, rounds: number): Promise<void> {
  const job = await bundleJob(scratch);
  const cores = availableParallelism();
  const runs = Array.from({ length: rounds }, () => {
    const operation = 1e6 / operationsPerSecond();
    return { operation, ...(JSON.parse(execFileSync(process.execPath, [job], { encoding: "utf8" })) as SealingTimes) };
  });
  // Of each the fastest round: a busy machine spoils it least.
  const least = (of: (run: (typeof runs)[number]) => number) => Math.min(...runs.map(of));
  const operation = least((run) => run.operation);
  headline(`crypto of large changes, in multiples of the floor: X25519 at ${operation.toFixed(1)} µs`);
  for (const [what, operations, of] of [
    ["open a data key", 1, (run: SealingTimes) => run.unwrap],
    ["seal a data key", 2, (run: SealingTimes) => run.wrap],
  ] as const) {
    const micros = least(of);
    tell(`  ${what}`, (micros / (operations * operation)).toFixed(2), `${micros.toFixed(0)} µs on one core`);
  }
  for (const [what, operations, of] of [
    ["add one reader", 3, (run: SealingTimes) => run.add],
    ["new keys, 10 readers", 21, (run: SealingTimes) => run.renew],
  ] as const) {
    const floor = (DOCUMENTS * operations * operation) / 1000 / cores;
    const wall = least((run) => of(run).wall);
    const cpu = least((run) => of(run).cpu) / cores;
    const found = `${(wall / floor).toFixed(2)} (processor ${(cpu / floor).toFixed(2)})`;
    const beside = `${wall.toFixed(0)} ms for 1,000 documents on ${cores} cores`;
    tell(`  ${what}`, found, `${beside}; aim: ${AIM}${wall / floor > AIM ? ", MISSED" : ""}`);
  }
}

function operationsPerSecond(): number {
  const output = execFileSync("openssl", ["speed", "-seconds", "1", "ecdhx25519"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const found = Number(output.trim().split(/\s+/).at(-1));
  if (!(found > 0)) throw new Error("openssl speed ecdhx25519 says nothing of operations per second");
  return found;
}

/** As `scripts/build.ts` makes the program: a thread that starts from sources would wait for a compiler. */
async function bundleJob(scratch: string): Promise<string> {
  await build({
    entryPoints: ["bench/sealing-job.ts", "src/cli/seal-thread.ts"],
    outdir: scratch,
    entryNames: "[name]",
    outExtension: { ".js": ".cjs" },
    external: ["./seal-thread.cjs"],
    define: { "import.meta.url": '""' },
    supported: { "dynamic-import": false },
    bundle: true,
    minify: true,
    format: "cjs",
    platform: "node",
    target: "node22.12",
    logLevel: "warning",
  });
  return join(scratch, "sealing-job.cjs");
}
