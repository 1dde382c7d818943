/** What `secrets undo --json` prints. */
import { z } from "zod";
import type { UndoView } from "../../src/actions/undo.ts";
import { exactly } from "./exactly.ts";
import { path, recipient, recipientName, schemaVersion } from "./fields.ts";

const reader = z.strictObject({ recipient, name: recipientName });

/** `UndoView`, field by field. */
export const undoSchema = exactly<UndoView>()(
  z.strictObject({
    schemaVersion,
    summary: z.string(),
    applied: z.boolean().describe("false: nothing was changed; a dry run, or nothing to undo"),
    last: z
      .strictObject({ command: z.string(), time: z.string().describe("RFC 3339, UTC") })
      .exactOptional()
      .describe("the change that is taken back; left out where there never was one"),
    committed: z.boolean().describe("the last commit holds the change; it is taken back in the work tree alone"),
    changes: z.array(
      z.strictObject({
        path,
        kind: z.enum(["file", "link", "none"]).describe("what is there afterwards"),
        reason: z.string(),
      }),
    ),
    documents: z
      .array(
        z.strictObject({
          path,
          dataKey: z.enum(["same", "earlier"]).describe("earlier: the data key that the change had replaced is back"),
          gains: z.array(reader).describe("who can read it again"),
          loses: z.array(reader).describe("who can read it no more"),
        }),
      )
      .describe("documents whose readers or data key differ afterwards"),
  }),
);
