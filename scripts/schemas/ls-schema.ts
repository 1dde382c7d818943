/** What `secrets ls --json` prints. */
import { z } from "zod";
import type { SecretList } from "../../src/actions/list.ts";
import { exactly } from "./exactly.ts";
import { address, path, schemaVersion } from "./fields.ts";

const secret = z.strictObject({
  address,
  tier: z.enum(["vars", "files"]),
  kind: z.enum(["secret", "value", "public"]).describe("value: one key of a document; public: in clear"),
  path,
  readers: z.array(z.string()).describe("names, sorted"),
});

/** `SecretList`, field by field. */
export const lsSchema = exactly<SecretList>()(z.strictObject({ schemaVersion, secrets: z.array(secret) }));
