/** What `secrets export` prints with `--json`: where what was written, never what. */
import { z } from "zod";
import type { ExportView } from "../../src/cli/commands/export.ts";
import { exactly } from "./exactly.ts";
import { address, schemaVersion } from "./fields.ts";

const below = z.string().describe("below the directory");

/** `ExportView`, field by field. */
export const exportSchema = exactly<ExportView>()(
  z.strictObject({
    schemaVersion,
    directory: z.string().describe("absolute; not there when there are no values"),
    inMemory: z.boolean().describe("nothing of it outlasts a restart"),
    values: z.array(z.strictObject({ address, path: below, bytes: z.int().nonnegative() })),
    hashes: z.array(below).describe("validation hashes that were written beside the values"),
    locked: z
      .array(z.strictObject({ address, reason: z.string() }))
      .describe("left out, because no key of this person opens it"),
  }),
);
