/** The text of a schema file. zod is loaded by `npm run schemas` and the tests alone, never by the program. */
import { z } from "zod";
import { accessSchema } from "./access-schema.ts";
import { checkSchema } from "./check-schema.ts";
import { doctorSchema } from "./doctor-schema.ts";
import { explainSchema } from "./explain-schema.ts";
import { exportSchema } from "./export-schema.ts";
import { generateSchema } from "./generate-schema.ts";
import { keyConvertSchema } from "./key-convert-schema.ts";
import { keyImportSchema } from "./key-import-schema.ts";
import { keyShowSchema } from "./key-show-schema.ts";
import { keyVerifySchema } from "./key-verify-schema.ts";
import { lsSchema } from "./ls-schema.ts";
import { machineShowSchema } from "./machine-show-schema.ts";
import { machineVerifySchema } from "./machine-verify-schema.ts";
import { planSchema } from "./plan-schema.ts";
import { principalsSchema } from "./principals-schema.ts";
import { renewSchema } from "./renew-schema.ts";
import { serviceCheckSchema } from "./service-check-schema.ts";
import { serviceLsSchema } from "./service-ls-schema.ts";
import { serviceSchema } from "./service-schema.ts";
import { serviceShowSchema } from "./service-show-schema.ts";
import { statusSchema } from "./status-schema.ts";
import { trustSchema } from "./trust-schema.ts";
import { undoSchema } from "./undo-schema.ts";

/** By the name of the command, or of what several commands print. */
const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  access: accessSchema,
  check: checkSchema,
  doctor: doctorSchema,
  explain: explainSchema,
  export: exportSchema,
  generate: generateSchema,
  "key-convert": keyConvertSchema,
  "key-import": keyImportSchema,
  "key-show": keyShowSchema,
  "key-verify": keyVerifySchema,
  ls: lsSchema,
  "machine-show": machineShowSchema,
  "machine-verify": machineVerifySchema,
  plan: planSchema,
  principals: principalsSchema,
  renew: renewSchema,
  service: serviceSchema,
  "service-check": serviceCheckSchema,
  "service-ls": serviceLsSchema,
  "service-show": serviceShowSchema,
  status: statusSchema,
  trust: trustSchema,
  undo: undoSchema,
};

/** Of what several commands print. */
const TITLES: Readonly<Record<string, string>> = {
  generate: "secrets generate --check --json, secrets generate --dry-run --json",
  plan: "what the commands that change who can read print with --json",
  "key-convert": "secrets key convert --json",
  "key-import": "secrets key import --json",
  "key-show": "secrets key show --json",
  "key-verify": "secrets key verify --json",
  "machine-show": "secrets machine show --json",
  "machine-verify": "secrets machine verify --json",
  renew: "secrets renew --dry-run --json",
  service: "a definition of a service: vars/services/SERVICE.yaml",
  "service-check": "secrets service check --json",
  "service-ls": "secrets service ls --json",
  "service-show": "secrets service show --json",
  trust: "secrets trust ls --json",
  principals: "secrets user ls --json, secrets machine ls --json, secrets group ls --json",
};

/** File name to text; the same for the same definitions. */
export function renderSchemas(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(SCHEMAS).map(([command, schema]) => {
      const file = `${command}.schema.json`;
      const title = TITLES[command] ?? `secrets ${command} --json`;
      const { $schema, ...rest } = z.toJSONSchema(schema, {
        target: "draft-2020-12",
        // One definition has the same fields whatever makes its values.
        reused: command === "service" ? "ref" : "inline",
      });
      return [file, `${JSON.stringify({ $schema, $id: file, title, ...rest }, undefined, 2)}\n`];
    }),
  );
}
