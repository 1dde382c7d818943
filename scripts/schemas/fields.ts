/** Fields that mean the same in every output. */
import { z } from "zod";

/** Which meaning the fields of an output have. */
export const schemaVersion = z.literal(1).describe("raised when a field changes its meaning or goes");
/** Of a file in the fleet. */
export const path = z.string().describe("relative to the fleet's root, with / between components");
/** Of a secret or a document. */
export const address = z.string().describe("what `secrets get` and `secrets edit` take");
/** How many of something, from 0. */
export const count = z.int().nonnegative();
/** A public key, or how another service names its own. */
export const recipient = z.string().describe("age1…, ssh-ed25519 …, a PGP fingerprint, or the name of a key elsewhere");
/** Of the principal that holds a key; left out for a key of nobody in the fleet. */
export const recipientName = z.string().exactOptional();
/** In a file. */
export const line = z.int().positive().describe("from 1");
/** Where the age key of a machine comes from. */
export const keyOrigin = z
  .enum(["host", "managed", "both", "elsewhere", "none"])
  .describe(
    "host: derived from its SSH host key; managed: made by clan and sealed at sops/secrets/<m>-age.key; both: derived, and sealed there as well; elsewhere: the fleet knows the public half alone",
  );
