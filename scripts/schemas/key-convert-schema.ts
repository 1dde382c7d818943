/** What `secrets key convert --json` prints. */
import { z } from "zod";
import type { ConvertedKeys } from "../../src/actions/key/convert-keys.ts";
import { exactly } from "./exactly.ts";
import { line, schemaVersion } from "./fields.ts";

const file = z.string().describe("as it was named; stdin for -");

/** `ConvertedKeys`, field by field. */
export const keyConvertSchema = exactly<ConvertedKeys>()(
  z.strictObject({
    schemaVersion,
    keys: z
      .array(
        z.strictObject({
          file,
          line,
          recipient: z.string().describe("age1…"),
          sshKey: z.string().describe("ssh-ed25519 AAAA…, without a comment"),
          before: z.string().exactOptional().describe("hosts or options that stand before the key"),
          comment: z.string().exactOptional(),
        }),
      )
      .describe("none ends with exit code 1"),
    skipped: z.array(z.strictObject({ file, line, reason: z.string().describe("a predicate: is an RSA key, …") })),
  }),
);
