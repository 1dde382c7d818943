/** What `secrets user ls`, `secrets machine ls` and `secrets group ls` print with `--json`. */
import { z } from "zod";
import type { PrincipalList } from "../../src/actions/principal/list-principals.ts";
import { exactly } from "./exactly.ts";
import { count, recipient, schemaVersion } from "./fields.ts";

/** `PrincipalList`, field by field. */
export const principalsSchema = exactly<PrincipalList>()(
  z.strictObject({
    schemaVersion,
    principals: z.array(
      z.strictObject({
        kind: z.enum(["user", "machine", "group", "unknown"]).describe("unknown: only an anchor names it"),
        name: z.string(),
        keys: z.array(
          z.strictObject({ recipient, places: z.array(z.string()).describe("path:line of each statement") }),
        ),
        members: z.array(z.string()),
        groups: z.array(z.string()),
        reads: count.describe("documents that a key of theirs, or of a member, opens alone"),
      }),
    ),
  }),
);
