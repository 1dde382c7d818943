/** What `secrets machine verify --json` prints. */
import { z } from "zod";
import type { MachineVerification } from "../../src/actions/machine/verify-machine.ts";
import { exactly } from "./exactly.ts";
import { keyOrigin, schemaVersion } from "./fields.ts";

/** `MachineVerification`, field by field. */
export const machineVerifySchema = exactly<MachineVerification>()(
  z.strictObject({
    schemaVersion,
    machine: z.string(),
    origin: keyOrigin,
    agrees: z.boolean().describe("all that could be compared is about one key; false ends with exit code 1"),
    verified: z.boolean().describe("and the machine itself was seen to have the registered key"),
    places: z.array(
      z.strictObject({
        place: z.string().describe("path:line, an address, a path, or where the machine's own key is from"),
        role: z.enum(["registered", "host-key", "sealed-host-key", "sealed-age-key", "known-hosts", "machine"]),
        recipient: z.string().exactOptional().describe("age1…; left out for what could not be opened here"),
        fingerprint: z.string().exactOptional().describe("of an SSH key: SHA256:…"),
        state: z.enum(["same", "differs", "unknown"]),
      }),
    ),
    problems: z.array(
      z.strictObject({
        message: z.string(),
        fix: z.string().exactOptional().describe("one command that mends it"),
      }),
    ),
    notes: z.array(z.string()).describe("what could not be compared, and what is worth knowing"),
  }),
);
