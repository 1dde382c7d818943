/** What `secrets explain --json` prints. */
import { z } from "zod";
import type { Explanation } from "../../src/actions/explain.ts";
import { exactly } from "./exactly.ts";
import { address, path, recipient, recipientName, schemaVersion } from "./fields.ts";

const reader = z.strictObject({
  recipient,
  name: recipientName,
  reasons: z.array(z.string()).describe("why it should read; empty when nothing says so"),
  reads: z.boolean(),
  mine: z.boolean(),
});

/** `Explanation`, field by field. */
export const explainSchema = exactly<Explanation>()(
  z.strictObject({
    schemaVersion,
    path,
    address,
    state: z.enum(["document", "planned", "public"]),
    decidedBy: z.strictObject({
      kind: z.enum(["links", "rule", "none"]),
      place: z.string().exactOptional(),
      pathRegex: z.string().exactOptional(),
      fault: z.string().exactOptional().describe("why the list of those who should read may lack some"),
    }),
    opens: z.boolean().describe("I can read it: a key of mine opens it, or it is public"),
    readers: z.array(reader),
  }),
);
