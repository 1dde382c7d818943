/** What `secrets access --json` prints. */
import { z } from "zod";
import type { AccessMatrix } from "../../src/actions/access.ts";
import { exactly } from "./exactly.ts";
import { address, path, schemaVersion } from "./fields.ts";

const row = z.strictObject({
  address,
  path,
  access: z
    .array(z.enum(["yes", "missing", "extra", "no"]))
    .describe("parallel to principals; missing: should and cannot; extra: can and should not"),
});

/** `AccessMatrix`, field by field. */
export const accessSchema = exactly<AccessMatrix>()(
  z.strictObject({
    schemaVersion,
    principals: z.array(z.strictObject({ name: z.string(), kind: z.string() })).describe("the columns"),
    documents: z.array(row),
  }),
);
