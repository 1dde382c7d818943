/** Every way to break one place of a JSON value, and the names of its places. */

interface Mutation {
  readonly kind: "removed" | "added" | "another type";
  /** Of the field that is gone or of another type, or of the object that has one more; empty for the whole. */
  readonly place: string;
  readonly value: unknown;
}

/** The places of a value's fields, with `[]` for any item of a list: `secrets[].tier`. */
export function placesOf(value: unknown, place = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => placesOf(item, `${place}[]`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, field]) => {
    const at = place === "" ? key : `${place}.${key}`;
    return [at, ...placesOf(field, at)];
  });
}

/** For each object an unknown field; for each field its absence; for each value one of another type. */
export function* mutationsOf(value: unknown, place = ""): Generator<Mutation> {
  yield { kind: "another type", place, value: isObject(value) || Array.isArray(value) ? "text" : [value] };
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const inner of mutationsOf(item, `${place}[]`)) yield { ...inner, value: value.with(index, inner.value) };
    }
  } else if (isObject(value)) {
    yield { kind: "added", place, value: { ...value, more: 1 } };
    for (const [key, field] of Object.entries(value)) {
      const at = place === "" ? key : `${place}.${key}`;
      const { [key]: _gone, ...rest } = value;
      yield { kind: "removed", place: at, value: rest };
      for (const inner of mutationsOf(field, at)) yield { ...inner, value: { ...value, [key]: inner.value } };
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
