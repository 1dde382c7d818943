import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAgeKey } from "../../../../src/age/age-key.ts";
import { parseConfig } from "../../../../src/fleet/sopsnix/config.ts";
import { type ConfigEdit, editConfig } from "../../../../src/fleet/sopsnix/edit/edit-config.ts";

const [A, B, C] = [makeAgeKey().recipient, makeAgeKey().recipient, makeAgeKey().recipient];

const edit = (text: string, ...edits: ConfigEdit[]) =>
  Buffer.from(editConfig(Buffer.from(text), ".sops.yaml", edits)).toString();
const add = (id: string, anchor?: string): ConfigEdit => ({
  kind: "add-to-list",
  list: "admins",
  id,
  text: id,
  anchor,
});
const remove = (id: string): ConfigEdit => ({ kind: "remove-from-list", list: "admins", id });
const readers = (text: string) =>
  parseConfig(Buffer.from(text), ".sops.yaml").config.rules?.map(({ keyGroups }) =>
    keyGroups.flat().map(({ id }) => id),
  );
const refuses = (text: string, ...edits: ConfigEdit[]) =>
  assert.throws(
    () => edit(text, ...edits),
    (error: { code?: string; hint?: string }) => error.code === "E_CONFIG_EDIT" && error.hint !== undefined,
  );

const BLOCK = `keys:
  - &ada ${A}
  - &bob ${B}
  - &cid ${C}
  - &admins
    - *ada
    - *bob # the other

creation_rules:
  # first
  - path_regex: ^a
    age: *admins

  # second
  - path_regex: ^b
    age: ${A}
`;

const LAYOUTS: Readonly<Record<string, string>> = {
  block: BLOCK,
  CRLF: BLOCK.replaceAll("\n", "\r\n"),
  "byte order mark": `\ufeff${BLOCK}`,
  flow: BLOCK.replace("\n    - *ada\n    - *bob # the other\n", " [*ada, *bob]\n"),
  "flow over lines": BLOCK.replace(
    "\n    - *ada\n    - *bob # the other\n",
    "\n    [\n      *ada,\n      *bob,\n    ]\n",
  ),
  "one text": BLOCK.replace("\n    - *ada\n    - *bob # the other\n", ` ${A},${B}\n`),
};

for (const [name, text] of Object.entries(LAYOUTS)) {
  test(`a key joins a list (${name}): whoever means the list means it, and leaving makes it as it was`, () => {
    const anchor = name === "one text" ? undefined : "cid";
    const more = edit(text, add(C, anchor));
    assert.deepEqual(readers(more), [[A, B, C], [A]]);
    assert.equal(edit(more, remove(C)), text);
    assert.equal(edit(text, add(A, "ada")), text, "who is in it stays as they are");
    assert.equal(edit(text, remove(C)), text, "who is not in it is no fault");
    assert.deepEqual(readers(edit(text, remove(B))), [[A], [A]]);
    refuses(text, remove(A), remove(B));
  });
}

test("an anchor that an item defines moves to whoever means it next, or goes with it", () => {
  const text = `admins: &admins [&ada ${A}, ${B}]\ncreation_rules:\n  - path_regex: ^a\n    age: *admins\n  - path_regex: ^b\n    age: [*ada]\n`;
  assert.equal(
    edit(text, remove(A)),
    `admins: &admins [${B}]\ncreation_rules:\n  - path_regex: ^a\n    age: *admins\n  - path_regex: ^b\n    age: [&ada ${A}]\n`,
  );
  const alone = text.replace("[*ada]", B);
  assert.equal(edit(alone, remove(A)), alone.replace(`&ada ${A}, `, ""));
});

test("a list that is not there, and an anchor that comes too late, are refused", () => {
  refuses(BLOCK.replace("&admins", "&people").replace("*admins", "*people"), add(C, "cid"));
  refuses(BLOCK, { kind: "add-to-list", list: "admins", id: C, text: C, anchor: "nobody" });
});

const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split("\n").length;

for (const [name, text] of Object.entries(LAYOUTS)) {
  test(`a rule goes with its comment and its blank line (${name}), and no other byte`, () => {
    const eol = text.includes("\r") ? "\r\n" : "\n";
    const first = edit(text, { kind: "remove-rule", rule: lineOf(text, "- path_regex: ^a") });
    assert.equal(first, text.replace(["  # first", "  - path_regex: ^a", "    age: *admins", "", ""].join(eol), ""));
    const second = edit(text, { kind: "remove-rule", rule: lineOf(text, "- path_regex: ^b") });
    assert.equal(second, text.slice(0, text.indexOf(`${eol}  # second`)));
    refuses(first, { kind: "remove-rule", rule: lineOf(first, "- path_regex: ^b") });
  });

  test(`a rule that was split off goes without a trace (${name})`, () => {
    for (const part of ["- path_regex: ^a", "- path_regex: ^b"]) {
      const rule = lineOf(text, part);
      const split = edit(text, { kind: "split-rule", rule, pathRegex: "^own$" });
      assert.equal(edit(split, { kind: "remove-rule", rule: lineOf(split, "- path_regex: ^own$") }), text);
    }
  });
}

test("an anchor that a rule defines is not lost with it", () => {
  const text = `creation_rules:\n  - path_regex: ^a\n    age: &ada ${A}\n  - path_regex: ^b\n    age: *ada\n`;
  assert.equal(
    edit(text, { kind: "remove-rule", rule: 2 }),
    `creation_rules:\n  - path_regex: ^b\n    age: &ada ${A}\n`,
  );
});
