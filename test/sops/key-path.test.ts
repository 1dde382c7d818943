import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatKeyPath, parseKeyPath } from "../../src/sops/key-path.ts";

test("slashes separate, backslashes escape, digits are indexes", () => {
  const table: [string, (string | number)[]][] = [
    ["", []],
    ["a", ["a"]],
    ["a/b/0", ["a", "b", 0]],
    ["a\\/b/c", ["a/b", "c"]],
    ["a\\\\/b", ["a\\", "b"]],
    ["01/-1/1.0/10", ["01", "-1", "1.0", 10]],
    ["a//b", ["a", "", "b"]],
    ["/", ["", ""]],
    ["__proto__", ["__proto__"]],
    ["9".repeat(30), ["9".repeat(30)]],
  ];
  for (const [text, path] of table) {
    assert.deepEqual(parseKeyPath(text), path);
    assert.equal(formatKeyPath(path), text);
  }
});

test("every path reads back from its text", () => {
  const component = fc.oneof(fc.string({ unit: "grapheme" }), fc.nat());
  fc.assert(
    fc.property(fc.array(component), (path) => {
      // One empty key has no text of its own: the empty text is the whole document.
      fc.pre(!(path.length === 1 && path[0] === ""));
      assert.deepEqual(parseKeyPath(formatKeyPath(path)).map(String), path.map(String));
    }),
  );
});

test("a backslash that escapes nothing is refused", () => {
  for (const text of ["a\\", "a\\b"]) assert.throws(() => parseKeyPath(text), { code: "E_KEY_PATH", kind: "usage" });
});
