/** A small fleet in the layout of dendritic flake-parts with clan, in memory, and what is found in its Nix files. */
import { readdirSync, readFileSync } from "node:fs";
import type { Finding } from "../../../src/actions/check/finding.ts";
import { checkNixModules } from "../../../src/actions/check/nix-modules.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { keyJson } from "../in-memory.ts";
import type { Changes } from "./sample-files.ts";

const root = new URL("../../../fixtures/nix-fleet/", import.meta.url);

export const NIX_FILES: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".nix"))
    .sort()
    .map((path) => [path, readFileSync(new URL(path, root), "utf8")]),
);

const KEYS = Object.fromEntries(
  ["web01", "db01", "mac"].map((name) => [`sops/machines/${name}/key.json`, keyJson(makeAgeKey())]),
);

export function nixText(path: string): string {
  const text = NIX_FILES[path];
  if (text === undefined) throw new Error(`no file ${path} in the fleet`);
  return text;
}

/** The fleet after some changes. */
export function nixFleet(changes: Changes): MemoryFiles {
  const files: Record<string, MemoryFiles[string]> = { ...NIX_FILES, ...KEYS };
  for (const [path, content] of Object.entries(changes)) {
    if (content === undefined) delete files[path];
    else files[path] = content;
  }
  return files;
}

export async function nixFindings(files: MemoryFiles): Promise<Finding[]> {
  return checkNixModules(await loadFleet(memoryGround(files)));
}
