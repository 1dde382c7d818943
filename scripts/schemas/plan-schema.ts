/** What every command that changes who can read prints with `--json`: `sync`, `grant`, `revoke`, `user`, `group`, … */
import { z } from "zod";
import type { PlanView } from "../../src/actions/rekey/plan-view.ts";
import { exactly } from "./exactly.ts";
import { address, path, recipient, recipientName, schemaVersion } from "./fields.ts";

const reader = z.strictObject({ recipient, name: recipientName });
const tier = z.enum(["vars", "files"]);
const policy = z.strictObject({
  tier: z.enum(["vars", "files", "other"]).describe("other: says nothing of readers, such as known_hosts"),
  path,
  verb: z.enum(["write", "add", "remove"]),
  reason: z.string(),
});

/** `PlanView`, field by field. */
export const planSchema = exactly<PlanView>()(
  z.strictObject({
    schemaVersion,
    summary: z.string(),
    applied: z.boolean().describe("false: nothing was changed; a dry run, a plan kept in a file, or nothing to do"),
    commit: z.string().exactOptional().describe("abbreviated; left out when nothing was committed"),
    policy: z.array(policy).describe("edits of key.json and .sops.yaml, and files that come or go"),
    links: z.array(policy).describe("clan's links that come or go"),
    documents: z.array(
      z.strictObject({
        tier,
        address,
        path,
        added: z.array(reader),
        removed: z.array(reader),
        dataKey: z
          .enum(["kept", "new", "risked"])
          .describe("risked: a reader goes and the data key stays, because --keep-data-key said so"),
        newValue: z.boolean().describe("its content is another one afterwards"),
      }),
    ),
    exposed: z.array(address).describe("what a removed reader could read, and what is still the same afterwards"),
    unapproved: z.array(reader).describe("readers that were never approved on this clone"),
    warnings: z.array(z.string()),
    next: z.array(z.string()).describe("what to do once it is applied"),
  }),
);
