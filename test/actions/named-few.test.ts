import assert from "node:assert/strict";
import { test } from "node:test";
import { namedFew } from "../../src/actions/named-few.ts";

test("some are named and the rest is counted; no name begins a line of its own", () => {
  assert.deepEqual(namedFew(["a", "b"]), ["a", "b"]);
  assert.deepEqual(namedFew(["a", "b", "c"], 1), ["a", "and 2 more"]);
  assert.deepEqual(namedFew(["x\nhint: all is well", "y\u2028z"]), ["x hint: all is well", "y z"]);
});
