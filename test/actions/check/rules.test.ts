/** Rules that do nothing, or more than they were meant to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRules } from "../../../src/actions/check/rules.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { sealed } from "../in-memory.ts";

const ada = makeAgeKey();
const DOCUMENT = await sealed("yaml", "a: b\n", [[ada]]);

/** `-` is a rule without `path_regex`; documents lie at `secrets/a.yaml`, `other/b.yaml` and `c.yaml`. */
const CASES: readonly (readonly [
  what: string,
  rules: readonly string[],
  ...found: (readonly [rule: number, code: string, message: RegExp])[],
])[] = [
  ["rules that all decide", ["^secrets/", "^other/", "-"]],
  ["one for everything before another", ["-", "^secrets/"], [1, "rule-unreachable", /line 2 matches every path/]],
  ["an empty expression before another", ["''", "^other/"], [1, "rule-unreachable", /matches every path/]],
  ["an expression for everything before another", [".*", "^other/"], [1, "rule-unreachable", /matches every path/]],
  ["an expression for names without folders is not for everything", ["^[^/]+$", "^secrets/", "^other/"]],
  ["an expression for names without dots is not for everything", ["^[^.]*$", "."], [0, "rule-unused", /no document/]],
  [
    "the same expression twice",
    ["^secrets/", "^secrets/", "-"],
    [1, "rule-unreachable", /line 2 has the same path_regex/],
  ],
  ["an absolute path", ["^/secrets/", "-"], [0, "rule-unreachable", /no path begins with \//]],
  ["a path from here", ["^\\./secrets/", "-"], [0, "rule-unreachable", /no path begins with \.\//]],
  ["a path from above", ["^\\.\\./fleet/", "-"], [0, "rule-unreachable", /no path begins with \.\.\//]],
  ["for files to come", ["^later/", "-"], [0, "rule-unused", /decides no document that is there$/]],
  ["behind a wider one", ["secrets", "^secrets/a", "-"], [1, "rule-unused", /fits secrets\/a\.yaml, and line 2/]],
  ["decides in two folders", ["(secrets|other)/", "-"], [0, "rule-unanchored", /in other\/, secrets\//]],
  ["an ending alone is meant for all folders", ["\\.yaml$"]],
  ["an ending alone, spelled longer", [".*\\.yaml$"]],
];

for (const [what, expressions, ...expected] of CASES) {
  test(what, async () => {
    const lines = expressions.map((one) =>
      one === "-" ? `  - age: ${ada.recipient}\n` : `  - path_regex: ${one}\n    age: ${ada.recipient}\n`,
    );
    const fleet = await loadFleet(
      memoryGround({
        ".sops.yaml": `creation_rules:\n${lines.join("")}`,
        "secrets/a.yaml": DOCUMENT,
        "other/b.yaml": DOCUMENT,
        "c.yaml": DOCUMENT,
      }),
    );
    assert.deepEqual(fleet.anomalies, []);
    const rules = fleet.configs[0]?.rules ?? [];
    const findings = checkRules(fleet);
    assert.deepEqual(
      findings.map(({ code, line }) => [rules.findIndex((rule) => rule.line === line), code]),
      expected.map(([rule, code]) => [rule, code]),
    );
    for (const [index, [, , message]] of expected.entries()) assert.match(findings[index]?.message ?? "", message);
  });
}

test("a rule of a folder's own .sops.yaml fits paths as it sees them", async () => {
  const config = `creation_rules:\n  - path_regex: ^a\n    age: ${ada.recipient}\n  - path_regex: ^a\\.yaml$\n    age: ${ada.recipient}\n`;
  const fleet = await loadFleet(memoryGround({ "team/.sops.yaml": config, "team/a.yaml": DOCUMENT }));
  assert.deepEqual(
    checkRules(fleet).map(({ code, path, line, message }) => [code, path, line, /fits team\/a\.yaml/.test(message)]),
    [["rule-unused", "team/.sops.yaml", 4, true]],
  );
});
