/** What `secrets doctor --json` prints. */
import { z } from "zod";
import type { DoctorReport } from "../../src/actions/doctor.ts";
import { exactly } from "./exactly.ts";
import { count, recipient, recipientName, schemaVersion } from "./fields.ts";

const place = z.strictObject({
  name: z.string(),
  found: z.boolean(),
  keys: z.array(z.strictObject({ recipient, name: recipientName, opens: count })),
  plugins: z.array(z.string()),
  pending: z.enum(["command", "passphrase"]).exactOptional(),
  problem: z.string().exactOptional(),
});

const check = z.strictObject({
  name: z.string(),
  state: z.enum(["ok", "warning", "missing"]),
  detail: z.string(),
  fix: z.string().exactOptional(),
});

/** `DoctorReport`, field by field. */
export const doctorSchema = exactly<DoctorReport>()(
  z.strictObject({
    schemaVersion,
    documents: count.exactOptional().describe("left out where there is no fleet"),
    places: z.array(place),
    checks: z.array(check),
  }),
);
