/**
 * The JSON that commands print with `--json`, as schemas. Each is tied to the type of the result in both directions, so
 * that a field cannot be added, dropped or renamed on one side alone. Only used by `npm run schemas` and the tests.
 */
import { z } from "zod";
import type { AccessMatrix } from "../../src/actions/access.ts";
import { CATALOGUE, type FindingCode } from "../../src/actions/check/catalogue.ts";
import type { CheckReport } from "../../src/actions/check/finding.ts";
import type { DoctorReport } from "../../src/actions/doctor.ts";
import type { Explanation } from "../../src/actions/explain.ts";
import type { SecretList } from "../../src/actions/list.ts";
import type { Status } from "../../src/actions/status.ts";

type Mutable<Type> = Type extends (...argv: never[]) => unknown
  ? Type
  : Type extends object
    ? { -readonly [Key in keyof Type]: Mutable<Type[Key]> }
    : Type;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

/** Fails to compile unless the schema's output and the result's type are the same. */
function of<Result>() {
  return <Schema extends z.ZodType>(schema: Schema, _same: Same<Mutable<Result>, z.output<Schema>>): Schema => schema;
}

const version = z.literal(1).describe("raised when a field changes its meaning or goes");
const path = z.string().describe("relative to the fleet's root, with / between components");
const address = z.string().describe("what `secrets get` and `secrets edit` take");
const tier = z.enum(["vars", "files"]);
const count = z.int().nonnegative();
const line = z.int().positive().describe("from 1");
const recipient = z.string().describe("age1…, ssh-ed25519 …, a PGP fingerprint, or the name of a key elsewhere");

const named = z.strictObject({ recipient, name: z.string().exactOptional() });

const check = z.strictObject({
  schemaVersion: version,
  documents: z.strictObject({ vars: count, files: count }),
  findings: z.array(
    z.strictObject({
      code: z.enum(Object.keys(CATALOGUE) as [FindingCode, ...FindingCode[]]),
      severity: z.enum(["error", "warning", "info"]),
      path,
      line: line.exactOptional(),
      message: z.string().describe("what is wrong; never a value"),
      fix: z.string().describe("what to type"),
      missing: z.array(named).exactOptional().describe("who should read the document and cannot"),
      extra: z.array(named).exactOptional().describe("who can read the document and should not"),
    }),
  ),
});

const ls = z.strictObject({
  schemaVersion: version,
  secrets: z.array(
    z.strictObject({
      address,
      tier,
      kind: z.enum(["secret", "value", "public"]).describe("value: one key of a document; public: in clear"),
      path,
      readers: z.array(z.string()).describe("names, sorted"),
    }),
  ),
});

const access = z.strictObject({
  schemaVersion: version,
  principals: z.array(z.strictObject({ name: z.string(), kind: z.string() })).describe("the columns"),
  documents: z.array(
    z.strictObject({
      address,
      path,
      access: z
        .array(z.enum(["yes", "missing", "extra", "no"]))
        .describe("parallel to principals; missing: should and cannot; extra: can and should not"),
    }),
  ),
});

const explain = z.strictObject({
  schemaVersion: version,
  path,
  address,
  state: z.enum(["document", "planned", "public"]),
  decidedBy: z.strictObject({
    kind: z.enum(["links", "rule", "none"]),
    place: z.string().exactOptional(),
    pathRegex: z.string().exactOptional(),
    fault: z.string().exactOptional().describe("why the list of those who should read may lack some"),
  }),
  opens: z.boolean().describe("I can read it: a key of mine opens it, or it is public"),
  readers: z.array(
    z.strictObject({
      recipient,
      name: z.string().exactOptional(),
      reasons: z.array(z.string()).describe("why it should read; empty when nothing says so"),
      reads: z.boolean(),
      mine: z.boolean(),
    }),
  ),
});

const status = z.strictObject({
  schemaVersion: version,
  root: z.string().describe("absolute"),
  documents: z.strictObject({ vars: count, files: count, public: count }),
  principals: z.strictObject({ users: count, machines: count, groups: count, unknown: count }),
  drift: count.describe("documents whose readers are not the ones that policy names"),
  anomalies: count,
  me: z.strictObject({ names: z.array(z.string()), identities: count, opens: count }),
  next: z.string(),
});

const doctor = z.strictObject({
  schemaVersion: version,
  documents: count.exactOptional().describe("left out where there is no fleet"),
  places: z.array(
    z.strictObject({
      name: z.string(),
      found: z.boolean(),
      keys: z.array(z.strictObject({ recipient, name: z.string().exactOptional(), opens: count })),
      plugins: z.array(z.string()),
      pending: z.enum(["command", "passphrase"]).exactOptional(),
      problem: z.string().exactOptional(),
    }),
  ),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      state: z.enum(["ok", "warning", "missing"]),
      detail: z.string(),
      fix: z.string().exactOptional(),
    }),
  ),
});

/** By the name of the command. */
export const DEFINITIONS: Readonly<Record<string, { readonly title: string; readonly schema: z.ZodType }>> = {
  access: { title: "secrets access --json", schema: of<AccessMatrix>()(access, true) },
  check: { title: "secrets check --json", schema: of<CheckReport>()(check, true) },
  doctor: { title: "secrets doctor --json", schema: of<DoctorReport>()(doctor, true) },
  explain: { title: "secrets explain --json", schema: of<Explanation>()(explain, true) },
  ls: { title: "secrets ls --json", schema: of<SecretList>()(ls, true) },
  status: { title: "secrets status --json", schema: of<Status>()(status, true) },
};
