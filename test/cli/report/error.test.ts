import assert from "node:assert/strict";
import { test } from "node:test";
import { errorLines, formatLocation } from "../../../src/cli/report/error.ts";
import { render } from "../../../src/cli/terminal/styled.ts";
import { SecretsError } from "../../../src/errors.ts";

const shown = (error: unknown) => errorLines(error).map((line) => render(line, false));

test("an error says what, where, why and what to type next", () => {
  const error = new SecretsError("E_EXAMPLE", "The file is damaged.", {
    location: { file: "secrets/a.yaml", line: 3, column: 7, keyPath: ["a", 0] },
    cause: new SecretsError("E_INNER", "YAML says so…"),
    hint: "restore it\ngit checkout -- secrets/a.yaml",
  });
  assert.deepEqual(shown(error), [
    "error: the file is damaged [E_EXAMPLE]",
    "  at secrets/a.yaml:3:7 key a/0",
    "  because YAML says so…",
    "hint: restore it",
    "hint: git checkout -- secrets/a.yaml",
  ]);
});

test("a place shows as much as is known", () => {
  assert.equal(formatLocation({ line: 3, column: 1 }), "line 3, column 1");
  assert.equal(formatLocation({ keyPath: ["a"] }), "key a");
  assert.equal(formatLocation(undefined), "");
});

test("a foreign error's text is never shown: it may quote what it was given", () => {
  const lines = shown(new Error("cannot parse hunter2")).join("\n");
  assert.doesNotMatch(lines, /hunter2/);
  assert.match(lines, /E_INTERNAL/);
  const wrapped = shown(new SecretsError("E_X", "cannot read", { cause: new Error("hunter2") })).join("\n");
  assert.doesNotMatch(wrapped, /hunter2/);
});

test("names from a repository are escaped", () => {
  assert.match(shown(new SecretsError("E_X", "bad name \u001b[2J")).join("\n"), /\\x1b\[2J/);
});
