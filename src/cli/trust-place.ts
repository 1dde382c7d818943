/** The approvals of a clone lie in its git directory, which nobody can push to. */
import type { TrustPlace } from "../actions/trust/trust.ts";
import { hasKeptFile, readKeptFile, updateKeptFile } from "../repo/kept-file.ts";
import type { Root } from "../repo/root.ts";

const FILE = "trust.json";

/** Whether there are approvals already. */
export function hasTrust(root: Root): boolean {
  return hasKeptFile(root, FILE);
}

export function trustPlace(root: Root): TrustPlace {
  return {
    load: () => readKeptFile(root, FILE),
    update: (change) => updateKeptFile(root, FILE, change),
  };
}
