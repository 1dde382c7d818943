import assert from "node:assert/strict";
import { test } from "node:test";
import { changes } from "../../src/sops/changes.ts";
import { formatKeyPath } from "../../src/sops/key-path.ts";
import { parsePlain } from "../../src/sops/plain-text.ts";

function names(before: string, after: string): string {
  const found = changes(parsePlain(before, "yaml"), parsePlain(after, "yaml"));
  const show = (sign: string, paths: readonly (readonly (string | number)[])[]) =>
    paths.map((path) => sign + formatKeyPath(path));
  return [...show("+", found.added), ...show("~", found.changed), ...show("-", found.removed)].join(" ");
}

const TABLE: [string, string, string][] = [
  ["a: 1\n", "a: 1\n", ""],
  ["a: 1\nb: 2\n", "a: 2\nc: 3\n", "+c ~a -b"],
  ["a: {b: 1, c: 2}\n", "a: {b: 1, c: 3, d: {e: 1}}\n", "+a/d ~a/c"],
  ["a: 1\n", "a: {b: 1}\n", "~a"],
  ["l: [1, 2, 3]\n", "l: [3, 1, 2]\n", ""],
  ["l: [1, 2, 3]\n", "l: [1, 3]\n", "-l/1"],
  ["l: [1, 3]\n", "l: [0, 1, 2, 3]\n", "+l/0 +l/2"],
  ["l: [1, 2]\n", "l: [1, 5]\n", "~l/1"],
  ["l: [{a: 1, b: 2}]\n", "l: [{a: 1, b: 3}]\n", "~l/0/b"],
  ["l: [x, x]\n", "l: [x]\n", "-l/1"],
  ["a: 1.0\n", "a: 1\n", ""],
  ["# x\na: 1\n", "# y\na: 1\n", ""],
  ["a: 1\n---\nb: 1\n", "a: 1\n---\nb: 2\n", "~b"],
  ["a/b: 1\n", "a/b: 2\n", "~a\\/b"],
];

for (const [before, after, want] of TABLE) {
  test(`${JSON.stringify(before)} to ${JSON.stringify(after)}: ${want || "nothing"}`, () => {
    assert.equal(names(before, after), want);
  });
}
