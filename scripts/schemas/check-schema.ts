/** What `secrets check --json` prints. */
import { z } from "zod";
import { CATALOGUE, type FindingCode } from "../../src/actions/check/catalogue.ts";
import type { CheckReport } from "../../src/actions/check/finding.ts";
import { exactly } from "./exactly.ts";
import { count, line, path, recipient, recipientName, schemaVersion } from "./fields.ts";

const named = z.strictObject({ recipient, name: recipientName });

const finding = z.strictObject({
  code: z.enum(Object.keys(CATALOGUE) as [FindingCode, ...FindingCode[]]),
  severity: z.enum(["error", "warning", "info"]),
  path,
  line: line.exactOptional(),
  message: z.string().describe("what is wrong; never a value"),
  fix: z.string().describe("what to type"),
  missing: z.array(named).exactOptional().describe("who should read the document and cannot"),
  extra: z.array(named).exactOptional().describe("who can read the document and should not"),
});

/** `CheckReport`, field by field. */
export const checkSchema = exactly<CheckReport>()(
  z.strictObject({
    schemaVersion,
    documents: z.strictObject({ vars: count, files: count }),
    findings: z.array(finding),
  }),
);
