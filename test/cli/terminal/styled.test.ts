import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { render, style, truncate, widthOf } from "../../../src/cli/terminal/styled.ts";
import { table } from "../../../src/cli/terminal/table.ts";

test("escape sequences, line breaks and bidirectional overrides of a name never reach the terminal", () => {
  assert.equal(render(["name ", "a\u001b[31mb\nc"], false), "name a\\x1b[31mb\\x0ac");
  assert.equal(render("exe\u202excod.nix", false), "exe\\u202excod.nix");
  assert.equal(render("\u009b2J\u0007", true), "\\x9b2J\\x07");
  assert.equal(render("\ud800", false), "\\ud800");
});

test("whatever the text, what is printed has no control character but our own colours", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, colour) => {
      const shown = render(style("red", text), colour).replaceAll("\u001b[31m", "").replaceAll("\u001b[39m", "");
      assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
    }),
  );
});

test("ordinary text of any script is left as it is", () => {
  for (const text of ["größe", "日本語", "clé 🔑", "naïve — “quoted”"]) assert.equal(render(text, false), text);
});

test("colours are there only when asked for", () => {
  assert.equal(render([style("bold", "x"), "y"], true), "\u001b[1mx\u001b[22my");
  assert.equal(render([style("bold", "x"), "y"], false), "xy");
});

test("width counts columns, not characters", () => {
  assert.equal(widthOf("abc"), 3);
  assert.equal(widthOf("日本"), 4);
  assert.equal(widthOf("e\u0301"), 1);
  assert.equal(widthOf(style("red", "ab")), 2);
});

test("a cut text fits and says that it was cut", () => {
  assert.equal(render(truncate("abcdef", 4), false), "abc…");
  assert.equal(render(truncate("abc", 3), false), "abc");
  assert.equal(render(truncate(["日本", style("dim", "語")], 4), false), "日…");
});

test("a table lines its columns up and cuts only the last", () => {
  const rows = [
    ["日本", "x", "one two three four"],
    ["b", "yy", "z"],
  ];
  assert.deepEqual(
    table(rows, 22).map((line) => render(line, false)),
    ["日本  x   one two thr…", "b     yy  z"],
  );
  assert.deepEqual(
    table(rows, undefined).map((line) => render(line, false)),
    ["日本  x   one two three four", "b     yy  z"],
  );
});
