/** Ties a schema to the type of what a command prints, so that no field changes on one side alone. */
import type { z } from "zod";

/** Results are read-only and zod's types are not, which makes no difference to what is printed. */
type Mutable<Type> = { -readonly [Key in keyof Type]: Mutable<Type[Key]> };

/** Identity, not assignability: that would let an optional field stand on one side alone, and `any` for everything. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

type Tied<Result, Schema extends z.ZodType> =
  Same<Mutable<Result>, Mutable<z.output<Schema>>> extends true ? unknown : { readonly differs: Result };

/** `exactly<Result>()(schema)` is the schema; it does not compile unless the schema's output is `Result`, field by field. */
export function exactly<Result>() {
  return <Schema extends z.ZodType>(schema: Schema & Tied<Result, Schema>): Schema => schema;
}
