/** What `secrets service check --json` prints. */
import { z } from "zod";
import type { ServiceCheckView } from "../../src/actions/service/check-services.ts";
import { exactly } from "./exactly.ts";
import { count, line, path, schemaVersion } from "./fields.ts";

/** `ServiceCheckView`, field by field. */
export const serviceCheckSchema = exactly<ServiceCheckView>()(
  z.strictObject({
    schemaVersion,
    services: count.describe("that are sound by themselves"),
    faults: z.array(
      z.strictObject({
        code: z.string().describe("E_…"),
        message: z.string(),
        file: path.exactOptional(),
        line: line.exactOptional(),
        column: line.exactOptional(),
        keyPath: z.array(z.string()).exactOptional().describe("keys from the top of the file"),
        hint: z.string().exactOptional().describe("what may have been meant, or what to do"),
      }),
    ),
  }),
);
