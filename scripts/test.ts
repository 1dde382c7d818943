/**
 * Runs one suite on node:test: `node scripts/test.ts unit|interop [part of a file's path …]`.
 * The suites differ in what they need: unit tests nothing, interop tests the real tools of `npm run peers`.
 */
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { addToTally } from "./tally.ts";

const INTEROP = /^test[\\/]interop[\\/]/;

const [suite, ...wanted] = process.argv.slice(2);
if (suite !== "unit" && suite !== "interop") throw new Error("which suite: unit or interop?");

const files = globSync("test/**/*.test.ts")
  .filter((file) => INTEROP.test(file) === (suite === "interop"))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
// A suite that lost its files must not look like one that passed.
if (files.length === 0) throw new Error(`no ${suite} test is there to run`);

// Files run side by side, but for interop: its tests start real servers of work (gpg agents, Go programs).
const events = run({ files, concurrency: suite === "interop" ? 1 : availableParallelism() });
events.on("test:summary", ({ counts, success, file }) => {
  if (file !== undefined) return;
  addToTally(
    suite,
    counts.passed,
    counts.tests - counts.passed - counts.skipped - counts.todo,
    counts.skipped + counts.todo,
  );
  if (!success) process.exitCode = 1;
});
events.compose(new spec()).pipe(process.stdout);
