/** What `secrets service show --json` prints. */
import { z } from "zod";
import type { ServiceDetails } from "../../src/actions/service/describe-services.ts";
import { NEEDED_FOR, PROMPT_TYPES } from "../../src/fleet/services/service.ts";
import { exactly } from "./exactly.ts";
import { address, schemaVersion } from "./fields.ts";
import { service, summary } from "./service-fields.ts";

/** `ServiceDetails`, field by field. */
export const serviceShowSchema = exactly<ServiceDetails>()(
  z.strictObject({
    schemaVersion,
    ...summary,
    files: z.array(
      z.strictObject({
        address,
        present: z.boolean(),
        secret: z.boolean().describe("false: a public value, in clear"),
        deploy: z.boolean().describe("whether its machines read it"),
        owner: z.string(),
        group: z.string(),
        mode: z.string().describe("four octal digits"),
        neededFor: z.enum(NEEDED_FOR),
        restartUnits: z.array(z.string()),
      }),
    ),
    prompts: z.array(
      z.strictObject({
        name: z.string(),
        type: z.enum(PROMPT_TYPES),
        description: z.string(),
        persist: z.boolean().describe("the answer is kept as the file of the same name"),
      }),
    ),
    dependencies: z.array(service).describe("services whose files it reads"),
    dependents: z.array(service).describe("services that read its files"),
    readers: z
      .array(z.string())
      .exactOptional()
      .describe("users/NAME and groups/NAME beside its machines; left out where nobody said so"),
    next: z.string().exactOptional().describe("what to type, if anything is to be done"),
  }),
);
