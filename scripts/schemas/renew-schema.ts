/** What `secrets renew --dry-run` prints with `--json`; what was applied is told by the plan's schema. */
import { z } from "zod";
import type { RenewView } from "../../src/actions/renew/renew-view.ts";
import { exactly } from "./exactly.ts";
import { address, schemaVersion } from "./fields.ts";

const service = z.string().describe("address of the service: vars/MACHINE/SERVICE or vars/shared/SERVICE");

/** `RenewView`, field by field. */
export const renewSchema = exactly<RenewView>()(
  z.strictObject({
    schemaVersion,
    reason: z.string().describe("why these values"),
    values: z.array(
      z.strictObject({
        address,
        how: z
          .enum(["regenerate", "ask", "by hand"])
          .describe("by hand: it goes on a list in sops/renewals, which check reminds of"),
        service: service.exactOptional().describe("what makes it; left out when it is made by hand"),
        proved: z.boolean().describe("false: it may be another value already, and no key here tells"),
      }),
    ),
    runs: z.array(service).describe("every service that would run, those made of the new values among them"),
    warnings: z.array(z.string()),
  }),
);
