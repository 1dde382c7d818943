/** The text of a schema file. zod is loaded by `npm run schemas` and the tests alone, never by the program. */
import { z } from "zod";
import { accessSchema } from "./access-schema.ts";
import { checkSchema } from "./check-schema.ts";
import { doctorSchema } from "./doctor-schema.ts";
import { explainSchema } from "./explain-schema.ts";
import { lsSchema } from "./ls-schema.ts";
import { statusSchema } from "./status-schema.ts";
import { undoSchema } from "./undo-schema.ts";

/** By the name of the command. */
const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  access: accessSchema,
  check: checkSchema,
  doctor: doctorSchema,
  explain: explainSchema,
  ls: lsSchema,
  status: statusSchema,
  undo: undoSchema,
};

/** File name to text; the same for the same definitions. */
export function renderSchemas(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(SCHEMAS).map(([command, schema]) => {
      const file = `${command}.schema.json`;
      const title = `secrets ${command} --json`;
      const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12" });
      return [file, `${JSON.stringify({ $schema, $id: file, title, ...rest }, undefined, 2)}\n`];
    }),
  );
}
