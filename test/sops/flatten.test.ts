import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { flatText, flatten, unflatten } from "../../src/sops/flatten.ts";
import { list, map, scalar, text } from "./trees.ts";

const TREE = map({
  age: list(map({ enc: text("e1"), recipient: text("r1") }), map({ enc: text("e2"), recipient: text("r2") })),
  key_groups: list(map({ age: list(map({ enc: text("e3") })), hc_vault: list() })),
  version: text("3"),
});
const NAMES = [
  "age__list_0__map_enc",
  "age__list_0__map_recipient",
  "age__list_1__map_enc",
  "age__list_1__map_recipient",
  "key_groups__list_0__map_age__list_0__map_enc",
  "version",
];

test("names spell out maps and lists; empty ones have none", () => {
  assert.deepEqual(
    flatten(TREE).map(({ name }) => name),
    NAMES,
  );
});

test("flat names give the tree back in any order", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(flatten(TREE), { minLength: NAMES.length }), (entries) => {
      assert.deepEqual(flatten(unflatten(entries)), flatten(TREE));
    }),
  );
});

test("ten and more items keep their order although their names sort as text", () => {
  const many = map({ age: list(...Array.from({ length: 12 }, (_, i) => text(String(i)))) });
  const sorted = flatten(many).sort((a, b) => (a.name < b.name ? -1 : 1));
  assert.deepEqual(flatten(unflatten(sorted)), flatten(many));
});

test("contradictions, gaps and hostile names are refused", () => {
  const table = [
    ["a", "a"],
    ["a", "a__map_b"],
    ["a__list_0", "a__map_b"],
    ["a__list_1"],
    ["a__list_x"],
    ["a__list_-1"],
    ["a__list_999999999999"],
    [`a${"__map_a".repeat(17)}`],
    [],
  ];
  for (const names of table) {
    assert.throws(
      () => unflatten(names.map((name) => ({ name, node: text("x") }))),
      { code: "E_METADATA" },
      names.join(),
    );
  }
});

test("names of the language's own objects are plain names", () => {
  const names = ["__proto____map_polluted", "constructor", "toString"];
  const tree = unflatten(names.map((name) => ({ name, node: text("x") })));
  assert.deepEqual(
    flatten(tree)
      .map(({ name }) => name)
      .sort(),
    [...names].sort(),
  );
  assert.equal(({} as { polluted?: string }).polluted, undefined);
});

test("values are printed as Go prints them", () => {
  const table = [
    [scalar({ type: "float", value: 1 }), "1.0"],
    [scalar({ type: "float", value: 100000.5 }), "100000.5"],
    [scalar({ type: "float", value: 1e6 }), "1E+06"],
    [scalar({ type: "float", value: 1.5e-7 }), "1.5E-07"],
    [scalar({ type: "float", value: 0 }), "0.0"],
    [scalar({ type: "float", value: Number.POSITIVE_INFINITY }), "+Inf"],
    [scalar({ type: "int", value: 5n }), "5"],
    [scalar({ type: "bool", value: true }), "true"],
    [scalar({ type: "null" }), "<nil>"],
  ] as const;
  for (const [node, want] of table) assert.equal(flatText(node.scalar), want);
});
