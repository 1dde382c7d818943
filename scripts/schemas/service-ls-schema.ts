/** What `secrets service ls --json` prints. */
import { z } from "zod";
import type { ServiceList } from "../../src/actions/service/describe-services.ts";
import { exactly } from "./exactly.ts";
import { count, schemaVersion } from "./fields.ts";
import { summary } from "./service-fields.ts";

/** `ServiceList`, field by field. */
export const serviceLsSchema = exactly<ServiceList>()(
  z.strictObject({
    schemaVersion,
    services: z.array(z.strictObject(summary)).describe("by address"),
    faults: count.describe("what keeps others from being among them: `secrets service check`"),
    withoutFlake: z.string().exactOptional().describe("why clan's own services are not among them"),
  }),
);
