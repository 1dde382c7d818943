import assert from "node:assert/strict";
import { test } from "node:test";
import { splitShellWords } from "../../src/age/shell-words.ts";

for (const [line, words] of [
  ["", []],
  ["  pass  show\tage ", ["pass", "show", "age"]],
  [`pass 'a b' "c d"`, ["pass", "a b", "c d"]],
  [`a'b'"c"d`, ["abcd"]],
  [`'' ""`, ["", ""]],
  [`"a\\"b" 'a\\b' a\\ b`, ['a"b', "a\\b", "a b"]],
  ["a $HOME `x` ; | > *", ["a", "$HOME", "`x`", ";", "|", ">", "*"]],
  ["a # comment\nb#c", ["a", "b#c"]],
  ["'open", null],
  [`"open`, null],
  ["end\\", null],
] as const) {
  test(`splits ${JSON.stringify(line)}`, () => assert.deepEqual(splitShellWords(line), words));
}
