/** Fields of services that mean the same in every output. */
import { z } from "zod";
import { line, path } from "./fields.ts";

/** Of a service. */
export const service = z.string().describe("vars/MACHINE/SERVICE or vars/shared/SERVICE");
/** What is told of each service. */
export const summary = {
  service,
  maker: z.string().describe("script, prompts, or the name of a built-in kind"),
  origin: z.strictObject({
    source: z.enum(["flake", "file"]).describe("flake: a generator of clan's; file: vars/services/SERVICE.yaml"),
    path: path.exactOptional(),
    line: line.exactOptional(),
  }),
  machines: z.array(z.string()).describe("who has the service"),
  state: z
    .enum(["current", "missing", "stale", "by hand"])
    .describe("missing, stale: `secrets generate` would run it; by hand: only a person can supply it"),
  reasons: z.array(z.string()).describe("why it is not current, for a person"),
};
