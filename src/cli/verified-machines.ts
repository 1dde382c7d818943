/** Which machines were seen to have their key, remembered on this clone: losing it costs asking them again. */
import type { Verified } from "../actions/machine/show-machine.ts";
import type { Root } from "../repo/root.ts";
import { readStateFile, writeStateFile } from "../repo/state-file.ts";

const FILE = "verified.json";

export function lastVerified(root: Root, machine: string): Verified | undefined {
  return readAll(root).get(machine);
}

export function rememberVerified(root: Root, machine: string, verified: Verified): void {
  const all = Object.fromEntries([...readAll(root), [machine, verified] as const]);
  writeStateFile(root, FILE, Buffer.from(`${JSON.stringify(all, undefined, 1)}\n`, "utf8"));
}

function readAll(root: Root): Map<string, Verified> {
  const bytes = readStateFile(root, FILE);
  if (bytes === undefined) return new Map();
  try {
    const data: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return new Map(Object.entries(data ?? {}).filter((one): one is [string, Verified] => isVerified(one[1])));
  } catch {
    // Written by another version, or by nobody who knows.
    return new Map();
  }
}

function isVerified(value: unknown): value is Verified {
  if (typeof value !== "object" || value === null) return false;
  return ["at", "recipient", "by"].every((field) => typeof (value as Record<string, unknown>)[field] === "string");
}
