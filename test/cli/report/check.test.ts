/** One report in its four spellings: for people, for programs, for workflows, for code scanning. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CATALOGUE, type FindingCode } from "../../../src/actions/check/catalogue.ts";
import { type CheckReport, type Finding, finding } from "../../../src/actions/check/finding.ts";
import { githubLines } from "../../../src/cli/report/check-github.ts";
import { checkLines } from "../../../src/cli/report/check-human.ts";
import { sarifLog } from "../../../src/cli/report/check-sarif.ts";
import { render, type Styled, widthOf } from "../../../src/cli/terminal/styled.ts";

const KEY = "age1zl33572qe7zkmsvut6knjff7clazexzwj4277rxlluccfvqevpnse8gkzr";

const DRIFT: Finding = {
  ...finding(
    "reader-drift",
    { path: "secrets/a.yaml" },
    "ada should read it and cannot; the unknown key age1zl33572qe7…e8gkzr can read it and should not",
    "secrets sync secrets/a.yaml",
  ),
  missing: [{ recipient: "age1nd99cr296wehnpsf0hvhh0rkc92c5l255yxjqvm30efqqsg0askq74pszd", name: "ada" }],
  extra: [{ recipient: KEY }],
};
const CLEAR = finding(
  "clear-comment",
  { path: "secrets/a.yaml", line: 4 },
  "a comment stands in clear",
  "$EDITOR +4 secrets/a.yaml",
);
const NOTE = finding("shared-key", { path: "sops/users/eve/key.json", line: 1 }, "ada, eve have one key", "$EDITOR x");

/** A name, a message and a fix such as somebody who can push may choose. */
const EVIL = finding(
  "name",
  { path: "a\n::error::b\u001b[2J\u202e,c:d%41" },
  "x\r\n::warning::y\u001b]0;z\u0007",
  "git mv $'\\x0a' NEW-NAME\n::add-mask::z",
);

const report = (...findings: Finding[]): CheckReport => ({
  schemaVersion: 1,
  documents: { vars: 25, files: 5 },
  findings,
});
const plain = (lines: readonly Styled[]) => lines.map((line) => render(line, false));

test("people see findings by file, who is to be added and taken away, and what to type", () => {
  assert.deepEqual(plain(checkLines(report(DRIFT, CLEAR, NOTE))), [
    "secrets/a.yaml",
    "  error: ada should read it and cannot; the unknown key age1zl33572qe7…e8gkzr",
    "    can read it and should not [reader-drift]",
    "    + ada age1nd99cr296w…74pszd",
    "    - unknown age1zl33572qe7…e8gkzr",
    "    → secrets sync secrets/a.yaml",
    "  warning line 4: a comment stands in clear [clear-comment]",
    "    → $EDITOR +4 secrets/a.yaml",
    "",
    "sops/users/eve/key.json",
    "  info line 1: ada, eve have one key [shared-key]",
    "    → $EDITOR x",
    "",
    "30 documents, 1 error, 1 warning, 1 note",
  ]);
});

test("a clean fleet is one line", () => {
  assert.deepEqual(plain(checkLines(report())), ["30 documents, 0 errors, 0 warnings"]);
});

test("sentences fit 80 columns, wide characters too; a word and a command stay whole", () => {
  const long = { ...CLEAR, message: `${"秘密 ".repeat(60)}${"x".repeat(100)}`, fix: `git rm ${"y".repeat(100)}` };
  const lines = plain(checkLines(report(long)));
  const over = lines.filter((line) => widthOf(line) > 80).map((line) => line.trim());
  assert.deepEqual(over, ["x".repeat(100), `→ ${long.fix}`]);
});

test("nothing from a repository reaches the terminal as it is, or makes a line of its own", () => {
  assert.match(plain(checkLines(report({ ...EVIL, message: "] [x]" })))[1] ?? "", /^ {2}warning: \] \[x\] \[name\]$/);
  for (const lines of [checkLines(report(EVIL)), githubLines(report(EVIL))]) {
    for (const line of lines.map((one) => render(one, true))) {
      assert.doesNotMatch(line.replaceAll(/\u001b\[\d+m/g, ""), /[\u0000-\u001f\u007f-\u009f\u202e]/);
      assert.doesNotMatch(line, /^::(error|warning::y|add-mask)/);
    }
  }
  assert.equal(githubLines(report(EVIL)).length, 1);
});

test("workflow commands are escaped by the rules for data and for properties", () => {
  assert.deepEqual(githubLines(report(CLEAR, NOTE, EVIL)), [
    "::warning file=secrets/a.yaml,line=4,title=clear-comment::a comment stands in clear%0A→ $EDITOR +4 secrets/a.yaml",
    "::notice file=sops/users/eve/key.json,line=1,title=shared-key::ada, eve have one key%0A→ $EDITOR x",
    "::warning file=a%0A%3A%3Aerror%3A%3Ab\u001b[2J\u202e%2Cc%3Ad%2541,title=name::" +
      "x%0D%0A::warning::y\u001b]0;z\u0007%0A→ git mv $'\\x0a' NEW-NAME%0A::add-mask::z",
  ]);
  assert.match(githubLines(report(DRIFT))[0] ?? "", /^::error file=/);
});

interface Sarif {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: { readonly rules: readonly { id: string; shortDescription: { text: string } }[] };
    };
    readonly results: readonly {
      ruleId: string;
      ruleIndex: number;
      level: string;
      message: { text: string };
      locations: readonly {
        physicalLocation: { artifactLocation: { uri: string }; region?: { startLine: number } };
      }[];
    }[];
  }[];
}

test("code scanning gets every rule with its explanation, and results that point at theirs", () => {
  const [run] = (sarifLog(report(DRIFT, CLEAR, NOTE)) as Sarif).runs;
  const rules = run?.tool.driver.rules ?? [];
  assert.deepEqual(
    rules.map(({ id }) => id),
    Object.keys(CATALOGUE).sort(),
  );
  for (const { id, shortDescription } of rules) {
    assert.equal(shortDescription.text, CATALOGUE[id as FindingCode].explanation);
  }
  assert.deepEqual(
    run?.results.map(({ ruleId, level, locations }) => [
      ruleId,
      level,
      locations[0]?.physicalLocation.region?.startLine,
    ]),
    [
      ["reader-drift", "error", undefined],
      ["clear-comment", "warning", 4],
      ["shared-key", "note", 1],
    ],
  );
  for (const { ruleId, ruleIndex } of run?.results ?? []) assert.equal(rules[ruleIndex]?.id, ruleId);
});

test("a place is a URI below the root, whatever the file is called", () => {
  const uriOf = (path: string) =>
    (sarifLog(report({ ...CLEAR, path })) as Sarif).runs[0]?.results[0]?.locations[0]?.physicalLocation.artifactLocation
      .uri;
  for (const name of ["a b#c?d%e:f.yaml", "ä\u202e\n.yaml", "c:/d", "[x]{y}|z"]) {
    const uri = uriOf(`secrets/${name}`) ?? "";
    assert.match(uri, /^secrets\/[!-~]+$/);
    assert.equal(decodeURIComponent(uri), `secrets/${name}`);
  }
  assert.equal(uriOf("\ud800.yaml"), "%EF%BF%BD.yaml");
});
