import assert from "node:assert/strict";
import { test } from "node:test";
import { getAt, removeAt, setAt } from "../../src/sops/access.ts";
import { parsePlain, plainText } from "../../src/sops/plain-text.ts";
import { create, reopen } from "./clear-keys.ts";
import { list, map, text } from "./trees.ts";

const DOCUMENTS = parsePlain(
  "a: x\nm:\n    k: y\n    '0': zero\nl:\n    # about one\n    - one\n    - {name: two}\n---\nb: second\n",
  "yaml",
);

test("values are found by keys and indexes, comments not counted, in the document that has the first key", () => {
  const value = (...path: (string | number)[]): string | undefined => {
    const node = getAt(DOCUMENTS, path);
    return node?.kind === "scalar" && node.scalar.type === "str" ? node.scalar.value : node?.kind;
  };
  assert.equal(value("a"), "x");
  assert.equal(value("m", "k"), "y");
  assert.equal(value("m", 0), "zero");
  assert.equal(value("l", 0), "one");
  assert.equal(value("l", 1, "name"), "two");
  assert.equal(value("b"), "second");
  assert.equal(value(), "map");
  for (const path of [["z"], ["a", "b"], ["l", 2], ["l", "x"], ["l", -1], ["l", 0.5], ["m", "__proto__"]]) {
    assert.equal(value(...path), undefined, path.join("/"));
  }
});

test("setting replaces, appends and makes what is missing on the way", () => {
  const after = (path: (string | number)[]): string => plainText("yaml", setAt(DOCUMENTS, path, text("new")));
  assert.match(after(["a"]), /^a: new\n/);
  assert.match(after(["l", 2]), /- name: two\n {4}- new\n/);
  assert.match(after(["l", 0]), /# about one\n {4}- new\n/);
  assert.match(after(["m", "deep", "er"]), /deep:\n {8}er: new\n/);
  assert.match(after(["list", 0, "k"]), /list:\n {4}- k: new\n/);
  assert.match(after(["b"]), /---\nb: new\n/);
  assert.match(after(["c"]), /c: new\n---\nb: second\n/);
});

test("removing takes the entry and leaves comments, siblings and the now empty map", () => {
  assert.match(plainText("yaml", removeAt(DOCUMENTS, ["l", 0])), /l:\n {4}# about one\n {4}- name: two\n/);
  assert.match(plainText("yaml", removeAt(DOCUMENTS, ["l", 1, "name"])), /- \{\}\n/);
  assert.match(plainText("yaml", removeAt(DOCUMENTS, ["b"])), /---\n\{\}\n/);
});

test("what cannot be done is refused with the key path", () => {
  const value = text("x");
  const table: [() => unknown, string][] = [
    [() => setAt(DOCUMENTS, ["a", "b"], value), "E_PATH_INTO_VALUE"],
    [() => setAt(DOCUMENTS, ["l", 3], value), "E_PATH_INDEX"],
    [() => setAt(DOCUMENTS, ["l", -1], value), "E_PATH_INDEX"],
    [() => setAt(DOCUMENTS, ["l", "k"], value), "E_PATH_INDEX"],
    [() => setAt(DOCUMENTS, ["new", 1], value), "E_PATH_INDEX"],
    [() => setAt(DOCUMENTS, [], value), "E_PATH_EMPTY"],
    [() => removeAt(DOCUMENTS, ["z"]), "E_PATH_MISSING"],
    [() => removeAt(DOCUMENTS, ["m", "z"]), "E_PATH_MISSING"],
    [() => removeAt(DOCUMENTS, ["a", "b"]), "E_PATH_INTO_VALUE"],
    [() => removeAt(DOCUMENTS, ["l", 2]), "E_PATH_INDEX"],
    [() => removeAt(DOCUMENTS, []), "E_PATH_EMPTY"],
  ];
  for (const [attempt, code] of table) assert.throws(attempt, { code, kind: "usage" }, code);
});

test("only the nodes along the path are new", async () => {
  const { documents } = await reopen(
    await create("json", [map({ a: map({ b: text("1"), c: text("2") }), d: list() })]),
    "json",
  );
  const changed = setAt(documents, ["a", "b"], text("x"));
  assert.equal(getAt(changed, ["a", "c"]), getAt(documents, ["a", "c"]));
  assert.equal(getAt(changed, ["d"]), getAt(documents, ["d"]));
  assert.notEqual(getAt(changed, ["a"]), getAt(documents, ["a"]));
  const node = getAt(changed, ["a"]);
  const before = getAt(documents, ["a"]);
  assert.equal(node?.origin, before?.origin);
});
