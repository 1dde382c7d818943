/** Whole processes, timed side by side. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Exit codes that count as done. */
  readonly done?: readonly number[];
}

export interface Comparison {
  /** Medians, in milliseconds. */
  readonly ours: number;
  readonly theirs: number;
  /** Median, least and greatest of the ratios within one round: what both saw of the machine's other load. */
  /** The fastest run of each, which a busy machine spoils least. */
  readonly fastest: { readonly ours: number; readonly theirs: number };
  readonly ratio: { readonly median: number; readonly least: number; readonly greatest: number };
}

/** The same every round, or, where a second run would find its work done, another one each round. */
export type EachRound = Command | ((round: number) => Command);

/** Runs both by turns, so that what else the machine does falls on both; the first round only warms up. */
export function compare(ours: EachRound, theirs: EachRound, rounds: number): Comparison {
  const timeOf = (command: EachRound, round: number) => time(typeof command === "function" ? command(round) : command);
  const pairs = Array.from({ length: rounds + 1 }, (_, round): [number, number] => {
    if (round % 2 === 0) return [timeOf(ours, round), timeOf(theirs, round)];
    const second = timeOf(theirs, round);
    return [timeOf(ours, round), second];
  }).slice(1);
  const ratios = pairs.map(([a, b]) => a / b);
  return {
    ours: median(pairs.map(([a]) => a)),
    theirs: median(pairs.map(([, b]) => b)),
    fastest: { ours: Math.min(...pairs.map(([a]) => a)), theirs: Math.min(...pairs.map(([, b]) => b)) },
    ratio: { median: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) },
  };
}

/** For what takes so long that one round has to do, without warming up. */
export function once(ours: Command, theirs: Command): Comparison {
  const times = { ours: time(ours), theirs: time(theirs) };
  const ratio = times.ours / times.theirs;
  return { ...times, fastest: times, ratio: { median: ratio, least: ratio, greatest: ratio } };
}

/** @returns milliseconds from start to end of the process. @throws Error with its stderr if it fails. */
export function time(command: Command): number {
  const start = performance.now();
  run(command);
  return performance.now() - start;
}

function run({ program, args, cwd, env, input, done = [0] }: Command): void {
  const { status, stderr, error } = spawnSync(program, args, {
    cwd,
    env,
    input: input ?? "",
    stdio: ["pipe", "ignore", "pipe"],
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined) throw error;
  if (status === null || !done.includes(status))
    throw new Error(`${program} ${args.slice(0, 3).join(" ")} … ended with ${status}: ${stderr.subarray(-2000)}`);
}

/** Peak memory of a Node program in MiB, told by the process itself at its end. */
export function peakMemory(command: Command, scratch: string): number {
  const probe = join(scratch, "peak-memory.cjs");
  writeFileSync(
    probe,
    'process.on("exit", () => require("node:fs").writeFileSync(process.env.PEAK_MEMORY, String(process.resourceUsage().maxRSS)));',
  );
  const result = join(scratch, "peak-memory.txt");
  writeFileSync(result, "");
  run({ ...command, args: ["--require", probe, ...command.args], env: { ...command.env, PEAK_MEMORY: result } });
  return Number(readFileSync(result, "utf8")) / 1024;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
