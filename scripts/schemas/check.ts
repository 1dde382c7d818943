/** What `secrets check --json` prints. */
import { z } from "zod";
import { CATALOGUE, type FindingCode } from "../../src/actions/check/catalogue.ts";
import type { CheckReport } from "../../src/actions/check/finding.ts";

const count = z.int().min(0);

const namedRecipient = z.strictObject({
  recipient: z
    .string()
    .describe("age1…, an SSH public key without its comment, a PGP fingerprint, or a key in a cloud"),
  name: z.string().exactOptional().describe("Left out for a key of nobody in the fleet"),
});

const finding = z.strictObject({
  code: z.enum(Object.keys(CATALOGUE).sort() as FindingCode[]).describe("Stable; the README explains each"),
  severity: z.enum(["error", "warning", "info"]).describe("Errors and warnings make the run end with 1"),
  path: z.string().min(1).describe("Relative to the fleet's root"),
  line: z.int().min(1).exactOptional(),
  message: z.string().min(1).describe("Names and places, never a value"),
  fix: z.string().min(1).describe("What to type"),
  missing: z.array(namedRecipient).min(1).exactOptional().describe("Who should read the document and cannot"),
  extra: z.array(namedRecipient).min(1).exactOptional().describe("Who can read the document and should not"),
});

export const check = z
  .strictObject({
    schemaVersion: z.literal(1),
    documents: z.strictObject({ vars: count, files: count }).describe("How many were looked at in each tier"),
    findings: z.array(finding).describe("By path, then code"),
  })
  .meta({ title: "secrets check --json" }) satisfies z.ZodType<CheckReport>;
