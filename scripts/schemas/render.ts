/** The text of a schema file. */
import { z } from "zod";
import { DEFINITIONS } from "./definitions.ts";

/** File name to text; the same for the same definitions. */
export function renderSchemas(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(DEFINITIONS).map(([name, { title, schema }]) => {
      const file = `${name}.schema.json`;
      const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12" });
      return [file, `${JSON.stringify({ $schema, $id: file, title, ...rest }, undefined, 2)}\n`];
    }),
  );
}
