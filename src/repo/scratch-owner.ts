/** The note in a scratch directory that says whose it is, so that what a killed run left can be told from what is in use. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessIdentity } from "./process-identity.ts";

/** Every scratch directory is `<base>/secrets-scratch-XXXXXX`, with this note and the directory `work` in it. */
export const SCRATCH_PREFIX = "secrets-scratch-";

export interface ScratchOwner {
  readonly process: ProcessIdentity;
  /** The device of a disk in memory that is mounted at `work`; empty when there is none. */
  readonly disk: string;
  /** Holds text of a person that could not be saved: theirs to remove, never swept. */
  readonly kept: boolean;
}

export function writeOwner(directory: string, owner: ScratchOwner): void {
  writeFileSync(join(directory, "owner.json"), JSON.stringify(owner), { mode: 0o600 });
}

/** Undefined when there is no note, or none of ours. */
export function readOwner(directory: string): ScratchOwner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(directory, "owner.json"), "utf8"));
    return isOwner(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isOwner(value: unknown): value is ScratchOwner {
  if (typeof value !== "object" || value === null) return false;
  const { process: owner, disk, kept }: Record<string, unknown> = { ...value };
  if (typeof disk !== "string" || typeof kept !== "boolean" || typeof owner !== "object" || owner === null)
    return false;
  const { pid, ...texts }: Record<string, unknown> = { ...owner };
  const names = ["started", "host", "boot", "namespace"];
  return typeof pid === "number" && names.every((name) => typeof texts[name] === "string");
}
