/** Lines of a benchmark. */
import type { Comparison } from "./measure.ts";

export function report(what: string, { ours, theirs, fastest, ratio }: Comparison, aim: number): void {
  const range = `[${ratio.least.toFixed(3)}..${ratio.greatest.toFixed(3)}]`;
  headline(what);
  tell("  ratio", `${ratio.median.toFixed(3)} ${range}`, `aim: ${aim}${ratio.median > aim ? ", MISSED" : ""}`);
  tell("  median", `${ours.toFixed(0)} ms`, `sops ${theirs.toFixed(0)} ms`);
  const best = (fastest.ours / fastest.theirs).toFixed(3);
  tell("  fastest", `${fastest.ours.toFixed(0)} ms`, `sops ${fastest.theirs.toFixed(0)} ms: ratio ${best}`);
}

export function headline(what: string): void {
  process.stdout.write(`${what}\n`);
}

export function tell(what: string, found: string, beside: string): void {
  process.stdout.write(`${what.padEnd(24)}${found.padEnd(28)}${beside}\n`);
}
