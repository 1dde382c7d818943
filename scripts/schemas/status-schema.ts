/** What `secrets status --json` prints. */
import { z } from "zod";
import type { Status } from "../../src/actions/status.ts";
import { exactly } from "./exactly.ts";
import { count, schemaVersion } from "./fields.ts";

/** `Status`, field by field. */
export const statusSchema = exactly<Status>()(
  z.strictObject({
    schemaVersion,
    root: z.string().describe("absolute"),
    documents: z.strictObject({ vars: count, files: count, public: count }),
    principals: z.strictObject({ users: count, machines: count, groups: count, unknown: count }),
    drift: count.describe("documents whose readers are not the ones that policy names"),
    anomalies: count,
    me: z.strictObject({ names: z.array(z.string()), identities: count, opens: count }),
    next: z.string(),
  }),
);
