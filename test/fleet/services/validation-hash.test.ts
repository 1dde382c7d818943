import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { one } from "./definitions.ts";

const hash = async (validation: string) =>
  (await one(`machines: [web01]\nkind: random\nvalidation: ${validation}\n`)).validation;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("the hash of a validation is what clan wrote", async () => {
  assert.equal(await hash("1"), "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b");
  assert.match((await hash("v1")) ?? "", /^161078e4[0-9a-f]+94af13$/);
});

/** What `builtins.toJSON` of Nix 2.8 printed of the same. */
const PRINTED: readonly (readonly [yaml: string, json: string])[] = [
  ["'1'", '"1"'],
  ["-1", "-1"],
  ["true", "true"],
  ["'true'", '"true"'],
  ["{ b: 1, a: x }", '{"a":"x","b":1}'],
  ['{ a-b: 1, aB: 2, "\\U0001f600": 3, "\\uffee": 4, Z: ~ }', '{"Z":null,"a-b":1,"aB":2,"\uffee":4,"\u{1f600}":3}'],
  ["{ 'a\"': { x: 1 } }", '{"a\\"":{"x":1}}'],
  ['"\\t\\r\\n\\\\/<>&\u00e9"', '"\\t\\r\\n\\\\/<>&\u00e9"'],
];
for (const [yaml, json] of PRINTED) {
  test(`a validation is hashed as Nix prints it: ${yaml}`, async () => assert.equal(await hash(yaml), sha256(json)));
}

test("nothing behind the key is no validation", async () => {
  assert.equal(await hash("~"), undefined);
  assert.equal(await hash(""), undefined);
});
