import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { SecretsError } from "../../../../src/errors.ts";
import { editConfig, pathRegexFor } from "../../../../src/fleet/sopsnix/edit/edit-config.ts";
import { A, B, C } from "../rule-cases.ts";
import { KEY_CASES } from "./key-edit-cases.ts";
import { lineDiff } from "./line-diff.ts";
import { REFUSALS } from "./refusal-cases.ts";
import { RULE_CASES } from "./rule-edit-cases.ts";

function edit(yaml: string, edits: Parameters<typeof editConfig>[2]): string {
  return Buffer.from(editConfig(Buffer.from(yaml), "team/.sops.yaml", edits)).toString();
}

for (const [title, yaml, edits, diff] of [...KEY_CASES, ...RULE_CASES]) {
  test(title, () => {
    assert.deepEqual(lineDiff(yaml, edit(yaml, edits)), diff);
  });

  test(`${title}, with carriage returns, a byte order mark and no last line break`, () => {
    // A file of one line does not tell how lines are ended.
    if (!yaml.slice(0, -1).includes("\n")) return;
    const plain = edit(yaml, edits);
    const other = (text: string) => `\uFEFF${text.replace(/\n$/, "").replaceAll("\n", "\r\n")}`;
    assert.equal(edit(other(yaml), edits), other(plain));
  });
}

for (const [title, yaml, edits, line, code = "E_CONFIG_EDIT"] of REFUSALS) {
  test(`refused: ${title}`, () => {
    assert.throws(
      () => edit(yaml, edits),
      (error: unknown) => {
        assert.ok(error instanceof SecretsError, String(error));
        assert.deepEqual([error.code, error.location?.file, error.location?.line], [code, "team/.sops.yaml", line]);
        assert.ok((error.hint ?? "") !== "");
        // Neither keys nor what could be one by mistake.
        assert.doesNotMatch(`${error.message} ${error.hint}`, /age1\w|AGE-SECRET|AAAA|405FA8/);
        return true;
      },
    );
  });
}

test("no edits leave the very bytes, whatever they are", () => {
  for (const [, yaml] of [...KEY_CASES, ...RULE_CASES]) assert.equal(edit(yaml, []), yaml);
});

test("edits follow one another: a key rotated, and its anchor given back", () => {
  const yaml = `keys:\n  - &web ${A} # web\ncreation_rules:\n  - age: [*web, ${B}]\n`;
  const rotated = edit(yaml, [
    { kind: "add-beside", id: A, text: C, anchor: "web_new" },
    { kind: "remove-key", id: A },
    { kind: "rename-anchor", from: "web_new", to: "web" },
  ]);
  assert.equal(rotated, yaml.replace(`${A} # web`, C));
});

test("rules are meant by their lines in the bytes given, however they move", () => {
  const yaml = `creation_rules:\n  - path_regex: a\n    age: ${A}\n  - path_regex: b\n    age: ${A}\n`;
  const result = edit(yaml, [
    { kind: "add-anchor", anchor: "c", text: C },
    { kind: "split-rule", rule: 2, pathRegex: "^one$" },
    { kind: "add-rule", pathRegex: "^two$", keys: [{ text: B }], before: 4 },
    { kind: "grant", rule: 2, keys: [{ text: B }] },
    { kind: "grant", rule: 4, keys: [{ text: C, anchor: "c" }] },
  ]);
  const rules = [`^one$\n    age: ${A}`, `a\n    age: ${A},${B}`, `^two$\n    age: ${B}`, `b\n    age: ${A},${C}`];
  assert.equal(
    result,
    `keys:\n  - &c ${C}\ncreation_rules:\n${rules.map((rule) => `  - path_regex: ${rule}\n`).join("")}`,
  );
});

test("a path_regex for one path matches that path alone, also from the file", () => {
  const special = fc.string({ unit: fc.constantFrom(..."ab/.\\+*?()|[]{}^$-#:'\" &\u00e9\u{1f600}\n\u2028") });
  const path = fc.oneof(special, fc.string({ unit: "grapheme" })).filter((text) => text !== "" && text.isWellFormed());
  fc.assert(
    fc.property(path, fc.string(), (text, other) => {
      const regex = pathRegexFor(text);
      const matches = (candidate: string) => RE2JS.compile(regex).matcher(candidate).find();
      assert.ok(matches(text));
      for (const wrong of [`${text}x`, `x${text}`, `${text}\n`, text.slice(1), `${text}/${text}`, other]) {
        assert.equal(matches(wrong), wrong === text);
      }
      // The file that states it is read back by the edit itself.
      edit(`creation_rules:\n  - age: ${A}\n`, [{ kind: "split-rule", rule: 2, pathRegex: regex }]);
    }),
    { numRuns: 200 },
  );
});

test("aliases that multiply end in bounded time", () => {
  const lists = [`l0: &l0 [${A}]`];
  for (let i = 1; i < 60; i++) lists.push(`l${i}: &l${i} [*l${i - 1}, *l${i - 1}]`);
  const yaml = `${lists.join("\n")}\ncreation_rules:\n  - pgp: ${"A".repeat(40)}\n    age: *l59\n`;
  const refused = { code: "E_CONFIG_EDIT" };
  assert.throws(() => edit(yaml, [{ kind: "revoke", rule: 62, ids: [A] }]), refused);
  assert.throws(() => edit(yaml, [{ kind: "grant", rule: 62, keys: [{ text: C }] }]), refused);
  assert.throws(() => edit(yaml, [{ kind: "remove-key", id: A }]), refused);
  edit(yaml, [{ kind: "replace-key", id: A, text: C }]);
});

test("a file with very many values is refused before it takes long", () => {
  const yaml = `keys: [${"A1B2C3D4,".repeat(30_000)}]\n`;
  assert.throws(() => edit(yaml, [{ kind: "remove-key", id: "A1B2C3D4" }]), { code: "E_CONFIG_EDIT" });
});

test("the time for a long file with many edits is bounded", () => {
  const rules = Array.from({ length: 400 }, (_, index) => `  - path_regex: ^${index}/\n    age: [*a, *b]\n`).join("");
  const yaml = `keys:\n  - &a ${A}\n  - &b ${B}\ncreation_rules:\n${rules}`;
  const started = performance.now();
  const result = edit(yaml, [{ kind: "add-beside", id: A, text: C, anchor: "c" }]);
  assert.equal(result.split("*a, *c, *b").length, 401);
  assert.ok(performance.now() - started < 5000);
});
