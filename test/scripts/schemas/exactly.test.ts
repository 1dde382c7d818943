/** What `exactly` refuses is refused by `npm run types`: each line below that compiles is an error there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { exactly } from "../../../scripts/schemas/exactly.ts";

interface Printed {
  readonly path: string;
  readonly line?: number;
  readonly readers: readonly { readonly name?: string }[];
}

const path = z.string();
const line = z.number().exactOptional();
const reader = z.strictObject({ name: z.string().exactOptional() });
const readers = z.array(reader);
const same = z.strictObject({ path, line, readers });

test("a schema of the same type is given back as it is", () => {
  assert.equal(exactly<Printed>()(same), same);
});

test("a schema of another type does not compile", () => {
  const tie = exactly<Printed>();
  // @ts-expect-error an optional field is missing from the schema
  tie(z.strictObject({ path, readers }));
  // @ts-expect-error an optional field is in the schema alone
  tie(same.extend({ more: line }));
  // @ts-expect-error a required field is missing from the schema
  tie(same.omit({ path: true }));
  // @ts-expect-error a required field is in the schema alone
  tie(same.extend({ more: path }));
  // @ts-expect-error the field may be left out, but never be undefined
  tie(same.extend({ line: z.number().optional() }));
  // @ts-expect-error the schema takes anything
  tie(same.extend({ path: z.any() }));
  // @ts-expect-error the schema takes less than the type has
  tie(same.extend({ path: z.literal("a") }));
  // @ts-expect-error an optional field is missing further down
  tie(same.extend({ readers: z.array(z.strictObject({})) }));
  // @ts-expect-error an optional field is in the schema alone further down
  tie(same.extend({ readers: z.array(reader.extend({ more: line })) }));
});
