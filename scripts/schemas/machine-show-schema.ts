/** What `secrets machine show --json` prints. */
import { z } from "zod";
import type { ShownMachine } from "../../src/actions/machine/show-machine.ts";
import { exactly } from "./exactly.ts";
import { address, keyOrigin, recipient, schemaVersion } from "./fields.ts";

const documents = z.array(z.strictObject({ tier: z.enum(["vars", "files"]), address }));

/** `ShownMachine`, field by field. */
export const machineShowSchema = exactly<ShownMachine>()(
  z.strictObject({
    schemaVersion,
    machine: z.string(),
    state: z
      .enum(["planned", "keyed", "sealed", "verified"])
      .describe("planned: it has no key; sealed: all that it should read is sealed to it; verified: and it was asked"),
    origin: keyOrigin,
    keys: z.array(z.strictObject({ recipient, places: z.array(z.string()).describe("path:line of each statement") })),
    hostFingerprint: z.string().exactOptional().describe("SHA256:…; left out where the fleet does not know it"),
    groups: z.array(z.string()),
    reads: documents,
    waiting: documents.describe("what it should read, and what is not sealed to it"),
    verified: z
      .strictObject({ at: z.string().describe("RFC 3339"), recipient, by: z.string() })
      .exactOptional()
      .describe("when machine verify last saw on this clone that the machine has this key"),
    next: z.array(z.string()).describe("the next thing to type"),
  }),
);
