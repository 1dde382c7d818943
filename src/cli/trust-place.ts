/** The approvals of a clone lie in its git directory, which nobody can push to. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TrustPlace } from "../actions/trust/trust.ts";
import { SecretsError } from "../errors.ts";
import type { Root } from "../repo/root.ts";
import { readStateFile, writeStateFile } from "../repo/state-file.ts";

const FILE = "trust.json";

/** Whether there are approvals already. */
export function hasTrust(root: Root): boolean {
  return existsSync(join(root.state, FILE));
}

/** @throws SecretsError `E_TRUST` from `load` for approvals that cannot be read */
export function trustPlace(root: Root): TrustPlace {
  return {
    load: () => {
      const bytes = readStateFile(root, FILE);
      if (bytes === undefined && hasTrust(root)) {
        throw new SecretsError("E_TRUST", "the list of readers that were approved on this clone cannot be read", {
          location: { file: join(root.state, FILE) },
          hint: "it has to be yours, and nobody else's to write",
        });
      }
      return bytes;
    },
    store: (bytes) => writeStateFile(root, FILE, bytes),
  };
}
