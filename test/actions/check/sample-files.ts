/** The sample fleet in memory, made once, and what `check` says of it after some files were changed. */

import type { Finding } from "../../../src/actions/check/finding.ts";
import { checkFleet } from "../../../src/actions/check.ts";
import { writeSampleFleet } from "../../../src/actions/demo/write-sample-fleet.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";

const files: Record<string, string | { link: string }> = {};
export const SAMPLE = await writeSampleFleet(
  {
    file: async (path, content) => {
      files[path] = content;
    },
    link: async (path, target) => {
      files[path] = { link: target };
    },
  },
  new Date("2026-03-01T12:00:00Z"),
);

export function textOf(path: string): string {
  const content = files[path];
  if (typeof content !== "string") throw new Error(`no file ${path} in the sample fleet`);
  return content;
}

/** `undefined` takes a file away. */
export type Changes = Readonly<Record<string, MemoryFiles[string] | undefined>>;

export function changed(changes: Changes): MemoryFiles {
  const result: Record<string, MemoryFiles[string]> = { ...files };
  for (const [path, content] of Object.entries(changes)) {
    if (content === undefined) delete result[path];
    else result[path] = content;
  }
  return result;
}

/** Every finding but the sample's own drift. */
export async function findingsOf(changes: Changes): Promise<readonly Finding[]> {
  const { findings } = await checkFleet(await loadFleet(memoryGround(changed(changes))));
  return findings.filter(({ path }) => path !== SAMPLE.drift.path || SAMPLE.drift.path in changes);
}
