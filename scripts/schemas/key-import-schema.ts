/** What `secrets key import --json` prints. */
import { z } from "zod";
import type { ImportedKeys } from "../../src/cli/commands/key-import.ts";
import { exactly } from "./exactly.ts";
import { schemaVersion } from "./fields.ts";

/** `ImportedKeys`, field by field. */
export const keyImportSchema = exactly<ImportedKeys>()(
  z.strictObject({
    schemaVersion,
    file: z.string().describe("the key file"),
    keys: z.array(
      z.strictObject({
        recipient: z.string().exactOptional().describe("age1…; left out for an identity of a plugin"),
        added: z.boolean().describe("false: it was there already"),
      }),
    ),
  }),
);
