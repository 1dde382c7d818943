/** What `secrets key show --json` prints. */
import { z } from "zod";
import type { KeysHere } from "../../src/actions/key/show-keys.ts";
import { exactly } from "./exactly.ts";
import { schemaVersion } from "./fields.ts";

const key = z.strictObject({
  recipient: z.string().describe("the public half: age1… or ssh-…"),
  kind: z.enum(["age", "age-post-quantum", "ssh-ed25519", "ssh-rsa", "plugin"]),
  derived: z.boolean().describe("the age key that ssh-to-age derives from the SSH key before it"),
  owner: z.string().exactOptional().describe("users/NAME, machines/NAME, or the name of an anchor"),
});

/** `KeysHere`, field by field. */
export const keyShowSchema = exactly<KeysHere>()(
  z.strictObject({
    schemaVersion,
    inFleet: z.boolean().describe("only there it is known whose a key is"),
    places: z.array(
      z.strictObject({
        name: z.string().describe("a variable, or a path with ~"),
        path: z.string().exactOptional(),
        found: z.boolean(),
        keys: z.array(key),
        plugins: z.array(z.string()).describe("age plugins whose identities are here"),
        pending: z.enum(["command", "passphrase"]).exactOptional().describe("what would tell more"),
        problem: z.string().exactOptional(),
      }),
    ),
  }),
);
