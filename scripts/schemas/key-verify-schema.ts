/** What `secrets key verify --json` prints. */
import { z } from "zod";
import type { KeyVerification } from "../../src/actions/key/verify-keys.ts";
import { exactly } from "./exactly.ts";
import { count, recipient, schemaVersion } from "./fields.ts";

/** `KeyVerification`, field by field. */
export const keyVerifySchema = exactly<KeyVerification>()(
  z.strictObject({
    schemaVersion,
    name: z.string(),
    by: z.enum(["name", "keys", "login"]).describe("what told who is meant: the argument, equal keys, or $USER"),
    agrees: z.boolean().describe("false ends with exit code 1"),
    places: z.array(
      z.strictObject({
        role: z.enum(["here", "registry", "rules"]),
        place: z.string().describe("a variable, the path of a key file with ~, or path:line in the fleet"),
        recipient,
        anchor: z.string().exactOptional(),
        state: z
          .enum(["same", "differs", "other"])
          .describe("same: here, and stated wherever it should be; other: not here, or nobody's, which is no fault"),
      }),
    ),
    documents: z.strictObject({
      wanted: count.describe("documents whose policy names a key of theirs"),
      sealed: count.describe("those that are sealed to all such keys"),
    }),
    problems: z.array(
      z.strictObject({
        message: z.string(),
        fix: z.string().exactOptional().describe("one command that mends it"),
        keys: z.array(recipient),
      }),
    ),
    notes: z.array(z.string()).describe("what is worth knowing, and no fault"),
  }),
);
