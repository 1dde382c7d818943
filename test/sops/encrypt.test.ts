import assert from "node:assert/strict";
import { test } from "node:test";
import { getAt, removeAt, setAt } from "../../src/sops/access.ts";
import { importDataKey } from "../../src/sops/cipher.ts";
import { encryptTree } from "../../src/sops/encrypt.ts";
import { compileSelector } from "../../src/sops/selectors.ts";
import type { EntryNode, KeyPath, MapNode } from "../../src/sops/tree.ts";
import { create, reopen } from "./clear-keys.ts";
import { goldenFiles, type OpenedFile, open } from "./golden.ts";
import { list, map, scalar, text } from "./trees.ts";

async function encrypt({ file, dataKey }: OpenedFile, documents: readonly MapNode[]): Promise<MapNode[]> {
  const rule = await compileSelector(file.metadata.selector);
  const { macOnlyEncrypted } = file.metadata;
  return encryptTree(documents, { rule, macOnlyEncrypted, key: importDataKey(dataKey), dataKey }).documents;
}

test("every golden document that was only opened comes back as the very tree that was read", async () => {
  for (const { name, bytes, format } of goldenFiles()) {
    const opened = await open(bytes, format);
    const again = await encrypt(opened, opened.documents);
    assert.ok(
      again.every((document, i) => document === opened.file.stored.documents[i]),
      name,
    );
  }
});

function entryAt(documents: readonly MapNode[], path: KeyPath): EntryNode {
  const parent = getAt(documents, path.slice(0, -1));
  const entry =
    parent?.kind === "map"
      ? parent.entries.find((child) => child.kind === "entry" && child.key === path.at(-1))
      : undefined;
  assert.ok(entry?.kind === "entry");
  return entry;
}

const PLAIN = map({
  a: map({ b: text("1"), c: text("2") }),
  d: list(text("x"), text("y")),
  e_unencrypted: text("open"),
});

test("a changed value makes new nodes on its way up, which say what they replace, and leaves the others", async () => {
  const opened = await reopen(await create("json", [PLAIN]), "json");
  const stored = opened.file.stored.documents;
  const changed = await encrypt(opened, setAt(opened.documents, ["a", "b"], text("new")));
  const [root, old] = [changed[0], stored[0]];
  assert.notEqual(root, old);
  assert.equal(root?.was, old);
  assert.equal(entryAt(changed, ["a"]).was, entryAt(stored, ["a"]));
  assert.equal(entryAt(changed, ["a", "b"]).was, entryAt(stored, ["a", "b"]));
  for (const path of [["a", "c"], ["d"], ["e_unencrypted"]])
    assert.equal(entryAt(changed, path), entryAt(stored, path));
  assert.equal(entryAt(changed, ["a", "b"]).value.span, undefined);
});

test("removing and adding leave the siblings the same objects", async () => {
  const opened = await reopen(await create("json", [PLAIN]), "json");
  const stored = opened.file.stored.documents;
  const changed = await encrypt(opened, setAt(removeAt(opened.documents, ["a", "b"]), ["d", 2], text("z")));
  assert.equal(entryAt(changed, ["a", "c"]), entryAt(stored, ["a", "c"]));
  const items = getAt(changed, ["d"]);
  const before = getAt(stored, ["d"]);
  assert.ok(items?.kind === "list" && before?.kind === "list");
  assert.deepEqual(
    [items.items[0] === before.items[0], items.items[1] === before.items[1], items.was === before],
    [true, true, true],
  );
});

test("a value that changes its type only is written anew; set to what it was, it is not", async () => {
  const opened = await reopen(
    await create("json", [map({ n: text("1"), i: scalar({ type: "int", value: 1n }) })]),
    "json",
  );
  const stored = opened.file.stored.documents;
  const same = await encrypt(opened, setAt(opened.documents, ["n"], text("1")));
  assert.equal(entryAt(same, ["n"]), entryAt(stored, ["n"]));
  const typed = await encrypt(opened, setAt(opened.documents, ["n"], scalar({ type: "int", value: 1n })));
  assert.notEqual(entryAt(typed, ["n"]).value, entryAt(stored, ["n"]).value);
});

test("no node of the result brings a span of another text along", async () => {
  const opened = await reopen(await create("json", [PLAIN]), "json");
  const foreign = await reopen(await create("json", [map({ f_unencrypted: text("foreign") })]), "json");
  const value = getAt(foreign.file.stored.documents, ["f_unencrypted"]);
  assert.ok(value?.span !== undefined);
  const changed = await encrypt(opened, setAt(opened.documents, ["g_unencrypted"], value));
  assert.equal(entryAt(changed, ["g_unencrypted"]).value.span, undefined);
});

test("what clear text cannot hold is mended or refused, or the MAC would not fit", async () => {
  const zero = scalar({ type: "float", value: -0 });
  for (const format of ["json", "yaml"] as const) {
    const opened = await reopen(await create(format, [map({ a_unencrypted: zero, b: zero })]), format);
    const encrypted = getAt(opened.documents, ["b"]);
    assert.ok(
      encrypted?.kind === "scalar" && encrypted.scalar.type === "float" && Object.is(encrypted.scalar.value, -0),
    );
  }
  const raw = scalar({ type: "bytes", value: Uint8Array.of(0xff) });
  const refused = { code: "E_NOT_REPRESENTABLE", location: { keyPath: ["a_unencrypted"] } };
  await assert.rejects(create("json", [map({ a_unencrypted: raw })]), refused);
});
