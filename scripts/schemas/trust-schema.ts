/** What `secrets trust ls --json` prints. */
import { z } from "zod";
import type { TrustList } from "../../src/actions/trust/list-trust.ts";
import { exactly } from "./exactly.ts";
import { line, path, schemaVersion } from "./fields.ts";

const type = z.enum(["age", "pgp", "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault"]);
const id = z.string().describe("the key: age1…, ssh-ed25519 …, a PGP fingerprint, or the name of a key elsewhere");
const provenance = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("commit"),
    id: z.string().describe("abbreviated"),
    author: z.string().describe("as the commit states it"),
    date: z.string().exactOptional().describe("RFC 3339"),
    subject: z.string(),
  }),
  z.strictObject({ kind: z.literal("uncommitted") }),
  z.strictObject({ kind: z.literal("shallow").describe("the history of this clone begins later") }),
]);

/** `TrustList`, field by field. */
export const trustSchema = exactly<TrustList>()(
  z.strictObject({
    schemaVersion,
    approved: z.array(
      z.strictObject({
        type,
        id,
        name: z.string().exactOptional().describe("whose it was when it was approved"),
        since: z.string().describe("RFC 3339"),
        how: z
          .enum(["baseline", "accepted", "stated"])
          .describe("baseline: read when this clone was first looked at; stated: typed or made here"),
      }),
    ),
    waiting: z
      .array(
        z.strictObject({
          type,
          id,
          name: z.string().exactOptional(),
          places: z.array(z.strictObject({ path, line })).describe("where the key is stated"),
          provenance: provenance.exactOptional().describe("who brought the key in; left out where nothing tells"),
          link: z.strictObject({ path, provenance: provenance.exactOptional() }).exactOptional(),
        }),
      )
      .describe("whom documents or their policies name, and who was never approved here"),
  }),
);
