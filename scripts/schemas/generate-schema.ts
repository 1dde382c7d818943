/** What `secrets generate --check` and `--dry-run` print with `--json`; what was applied is told by the plan's schema. */
import { z } from "zod";
import type { GenerateView } from "../../src/actions/service/task-view.ts";
import { exactly } from "./exactly.ts";
import { address, path, schemaVersion } from "./fields.ts";

const service = z.string().describe("address of the service: vars/MACHINE/SERVICE or vars/shared/SERVICE");
const run = z.strictObject({
  service,
  reasons: z.array(z.string()).describe("why, for a person"),
  files: z.array(address).describe("what it makes; of what only a person can supply: what is missing"),
});

/** `GenerateView`, field by field. */
export const generateSchema = exactly<GenerateView>()(
  z.strictObject({
    schemaVersion,
    current: z.boolean().describe("nothing would run, nothing is missing, no link would change"),
    runs: z.array(run).describe("in the order in which they could run one after the other"),
    byHand: z.array(run).describe("what only a person can supply, and what waits for that"),
    prompts: z.array(
      z.strictObject({
        address: z.string().describe("what a file for --answers calls it"),
        type: z.enum(["line", "hidden", "multiline", "multiline-hidden"]),
        description: z.string(),
        kept: z.boolean().describe("an earlier answer stays if none is given"),
      }),
    ),
    links: z
      .array(z.strictObject({ path, verb: z.enum(["add", "write", "remove"]), reason: z.string() }))
      .describe("links that would be put right beside values that stay"),
  }),
);
