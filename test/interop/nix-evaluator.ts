/** The real Nix with a store of its own, that needs neither a daemon nor /nix: files get into it as they would anywhere. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../cli/harness.ts";

/** With a slash at its end. */
export const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

export interface NixEvaluator {
  /** Strictly, to JSON. */
  readonly value: (expression: string) => unknown;
  /** What Nix says of an expression that has no value. */
  readonly error: (expression: string) => string;
  /** `nix ARGUMENTS…` with flakes, to JSON. */
  readonly flake: (...argv: string[]) => unknown;
  /** Where a path of the store is on this disk. */
  readonly onDisk: (storePath: string) => string;
}

export async function nixEvaluator(t: TestContext): Promise<NixEvaluator> {
  const store = await temporaryDirectory(t);
  const start = (argv: readonly string[]) => {
    const [program = "", ...rest] = argv;
    const env = { PATH: process.env["PATH"], HOME: store, LC_ALL: "C.UTF-8" };
    const { status, stdout, stderr, error } = spawnSync(program, rest, { encoding: "utf8", env, timeout: 60_000 });
    if (error !== undefined) throw error;
    return { status, stdout, stderr };
  };
  // Without it files would not get into the store, and nothing could read their hash.
  const strictly = ["nix-instantiate", "--eval", "--strict", "--json", "--read-write-mode", "--store", store, "-E"];
  const flakes = ["--extra-experimental-features", "nix-command flakes", "--store", store, "--no-write-lock-file"];
  return {
    value: (expression) => {
      const { status, stdout, stderr } = start([...strictly, expression]);
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout);
    },
    error: (expression) => {
      const { status, stdout, stderr } = start([...strictly, expression]);
      assert.equal(status, 1, stdout);
      return stderr;
    },
    flake: (...argv) => {
      const { status, stdout, stderr } = start(["nix", ...argv, ...flakes]);
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout);
    },
    onDisk: (path) => join(store, path),
  };
}

/** A value as an expression that is this value. */
export function nixOf(value: unknown): string {
  return `(builtins.fromJSON ${JSON.stringify(JSON.stringify(value)).replaceAll("$", "\\$")})`;
}

/** A path as an expression that is this path, whatever characters are in it. */
export function nixPath(path: string): string {
  return `(/. + ${nixOf(path)})`;
}
