import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { getAt, removeAt, setAt } from "../../src/sops/access.ts";
import { isSealed } from "../../src/sops/cipher.ts";
import { clearLeaves } from "../../src/sops/clear-leaves.ts";
import { pair } from "../../src/sops/pair.ts";
import { editableBytes, parsePlain, plainBytes } from "../../src/sops/plain-text.ts";
import { DEFAULT_SELECTOR } from "../../src/sops/selectors.ts";
import { parseSopsFile } from "../../src/sops/sops-file.ts";
import { storeFor } from "../../src/sops/stores.ts";
import type { MapNode, ValueNode } from "../../src/sops/tree.ts";
import { updateFile } from "../../src/sops/update-file.ts";
import { create, NOW, openClear, reopen } from "./clear-keys.ts";
import { open } from "./golden.ts";
import { anySelector, documentOf, FORMATS, map, scalar, text } from "./trees.ts";

const RUNS = process.env["SLOW"] === undefined ? 60 : 1000;

/** Every encrypted string of a text, counted. */
function sealedIn(content: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [value] of content.matchAll(/ENC\[[^\]]*\]/g)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

for (const format of FORMATS) {
  const anyDocument = documentOf(format);

  test(`${format}: what was encrypted decrypts to the same, under every selector`, async () => {
    await fc.assert(
      fc.asyncProperty(anyDocument, anySelector, fc.boolean(), async (document, selector, macOnlyEncrypted) => {
        const content = await create(format, [document], { selector, macOnlyEncrypted });
        const { documents, file } = await reopen(content, format);
        assert.deepEqual(plainBytes(format, documents), plainBytes(format, [document]));
        assert.deepEqual(await clearLeaves(file), []);
        if (format !== "binary") assert.deepEqual(file.metadata.selector, selector);
        else assert.deepEqual(file.metadata.selector, DEFAULT_SELECTOR);
      }),
      { numRuns: RUNS },
    );
  });

  test(`${format}: a rewrite of what was read, changed in nothing, is the same text`, async () => {
    await fc.assert(
      fc.asyncProperty(anyDocument, anySelector, async (document, selector) => {
        const content = await create(format, [document], { selector });
        const { stored } = parseSopsFile(Buffer.from(content), format);
        assert.equal(storeFor(format).rewrite(stored, stored.documents, stored.metadata as MapNode), content);
      }),
      { numRuns: RUNS },
    );
  });

  test(`${format}: any edit keeps the ciphertext of what it does not touch`, async () => {
    await fc.assert(
      fc.asyncProperty(anyDocument, anyDocument, anySelector, async (document, other, selector) => {
        const content = await create(format, [document], { selector });
        const first = await reopen(content, format);
        // Half of the keys are the other document's, half stay.
        const kept = document.entries.filter((_, i) => i % 2 === 0);
        const names = new Set(kept.map((entry) => (entry.kind === "entry" ? entry.key : "")));
        const fresh = other.entries.filter((entry) => entry.kind === "entry" && !names.has(entry.key));
        const target: MapNode = { kind: "map", entries: format === "binary" ? other.entries : [...kept, ...fresh] };
        const edited = pair(first.documents, [target], format);
        const after = await updateFile(first.file, edited, first.dataKey, NOW);
        const second = await reopen(after, format);
        assert.deepEqual(plainBytes(format, second.documents), plainBytes(format, edited));
        const [before, now] = [sealedIn(content), sealedIn(after)];
        for (const entry of kept) {
          const { stored } = first.file;
          const old = entry.kind === "entry" ? getAt(stored.documents, [entry.key]) : undefined;
          if (old?.kind !== "scalar" || old.scalar.type !== "str" || !isSealed(old.scalar.value)) continue;
          if (format === "binary" || format === "ini") continue;
          // A comment that moved away can change what a value is encrypted under; keys alone cannot.
          assert.equal(now.get(old.scalar.value) ?? 0, before.get(old.scalar.value), after);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test(`${format}: an untouched editor changes nothing`, async () => {
    await fc.assert(
      fc.asyncProperty(anyDocument, async (document) => {
        const { documents } = await reopen(await create(format, [document]), format);
        const again = pair(documents, parsePlain(editableBytes(format, documents), format), format);
        assert.ok(again.every((part, i) => part === documents[i]));
      }),
      { numRuns: RUNS },
    );
  });

  test(`${format}: BOM and CRLF of a file survive an update`, async () => {
    const document = format === "ini" ? map({ s: map({ k: text("v") }) }) : map({ data: text("v") });
    const content = await create(format, [document]);
    const disguised = `\ufeff${content.replaceAll("\n", "\r\n")}`;
    const { file, documents, dataKey } = await open(disguised, format, openClear());
    assert.deepEqual(plainBytes(format, documents), plainBytes(format, [document]));
    const path = format === "ini" ? ["s", "k"] : ["data"];
    const after = await updateFile(file, setAt(documents, path, text("w")), dataKey, NOW);
    assert.ok(after.startsWith("\ufeff"));
    assert.deepEqual(after.match(/[^\r]\n/g), null);
    assert.equal(after.split("\r\n").length, disguised.split("\r\n").length);
    const reopened = await open(after, format, openClear());
    const value = getAt(reopened.documents, path);
    assert.ok(value?.kind === "scalar" && value.scalar.type === "str" && value.scalar.value === "w");
  });
}

test("the metadata of a document that is edited keeps version, unknown keys and layout", async () => {
  const content = (await create("json", [map({ a: text("1") })])).replace(
    '"version": "3.13.3"',
    '"version": "3.7.1",\n\t\t"kms": null,\n\t\t"later": {"x": [1, 2.50]}',
  );
  const { file, documents, dataKey } = await reopen(content, "json");
  const after = await updateFile(file, setAt(documents, ["a"], text("2")), dataKey, NOW);
  assert.ok(after.includes('"version": "3.7.1",\n\t\t"kms": null,\n\t\t"later": {"x": [1, 2.50]}'));
});

test("values that dotenv and INI cannot hold are refused, with the key path, before anything is written", async () => {
  const table: ["dotenv" | "ini", MapNode, (string | number)[]][] = [
    ["dotenv", map({ a: text("back\\nslash") }), ["a"]],
    ["dotenv", map({ "a=b": text("x") }), ["a=b"]],
    ["dotenv", map({ "#a": text("x") }), ["#a"]],
    ["dotenv", map({ "a\nb": text("x") }), ["a\nb"]],
    ["ini", map({ s: map({ a_unencrypted: text("ends in \\") }) }), ["s", "a_unencrypted"]],
    ["ini", map({ s: map({ a_unencrypted: text('"quoted"') }) }), ["s", "a_unencrypted"]],
    ["ini", map({ s: map({ ";k": text("x") }) }), ["s", ";k"]],
    ["ini", map({ "s]\n[t": map({ k: text("x") }) }), ["s]\n[t", "k"]],
  ];
  for (const [format, document, keyPath] of table) {
    // dotenv encrypts the value, but the person's plain text must hold it too: so such content is left in clear here.
    const selector = { kind: "encrypted_suffix", pattern: "never" } as const;
    await assert.rejects(create(format, [document], { selector }), (fault: { code: string; location: object }) => {
      assert.equal(fault.code, "E_NOT_REPRESENTABLE");
      assert.deepEqual(fault.location, { keyPath });
      return true;
    });
  }
});

test("a document that its format cannot show faithfully is not opened in an editor", async () => {
  const { documents } = await reopen(
    await create("ini", [map({ s: map({ a: text("C:\\dir\\"), b: text("x") }) })]),
    "ini",
  );
  assert.throws(() => editableBytes("ini", documents), { code: "E_NOT_EDITABLE" });
});

test("nested values in flat formats are refused", async () => {
  await assert.rejects(create("dotenv", [map({ a: map({ b: text("x") }) })]), { code: "E_DOTENV_VALUE" });
  await assert.rejects(create("ini", [map({ a: text("x") })]), { code: "E_INI_VALUE" });
  await assert.rejects(create("ini", [map({ a: map({ b: map({}) }) })]), { code: "E_INI_VALUE" });
});

test("the name of the metadata cannot be used at the top level, wherever it comes from", async () => {
  await assert.rejects(create("json", [map({ sops: text("x") })]), { code: "E_RESERVED_KEY" });
  await assert.rejects(create("dotenv", [map({ sops_x: text("x") })]), { code: "E_RESERVED_KEY" });
  const { file, documents, dataKey } = await reopen(await create("yaml", [map({ a: text("1") })]), "yaml");
  await assert.rejects(updateFile(file, setAt(documents, ["sops"], text("x")), dataKey, NOW), {
    code: "E_RESERVED_KEY",
  });
  for (const [content, format] of [
    ['{"sops": 1}', "json"],
    ["sops:\n    a: 1\n", "yaml"],
    ["sops_a=1\n", "dotenv"],
    ["[sops]\na = 1\n", "ini"],
  ] as const) {
    assert.throws(() => parsePlain(content, format), { code: "E_RESERVED_KEY" }, format);
  }
  assert.equal(parsePlain('{"a": {"sops": 1}}', "json").length, 1);
});

test("recipients are needed, in every group", async () => {
  const documents = [map({ a: text("1") })];
  await assert.rejects(create("json", documents, { keyGroups: [] }), { code: "E_NO_RECIPIENTS" });
  await assert.rejects(create("json", documents, { keyGroups: [[{ type: "age", id: "x" }], []] }), {
    code: "E_NO_RECIPIENTS",
  });
  const one = [[{ type: "age" as const, id: "x" }], [{ type: "age" as const, id: "y" }]];
  await assert.rejects(create("json", documents, { keyGroups: one, shamirThreshold: 1 }), { code: "E_SHAMIR" });
});

test("another document's nodes do not come along into a new one", async () => {
  const source = await reopen(await create("json", [map({ a_unencrypted: text("clear"), b: text("secret") })]), "json");
  const content = await create("json", source.documents);
  const { documents, file } = await reopen(content, "json");
  assert.deepEqual(plainBytes("json", documents), plainBytes("json", source.documents));
  assert.notDeepEqual(sealedIn(content), sealedIn(source.file.stored.text));
  assert.deepEqual(await clearLeaves(file), []);
});

test("a document sealed under one key gives none of its ciphertext to an update under another", async () => {
  const { file, documents } = await reopen(await create("json", [map({ a: text("1") })]), "json");
  const after = await updateFile(file, documents, new Uint8Array(32).fill(1), NOW);
  const before = sealedIn(file.stored.text);
  for (const value of sealedIn(after).keys()) assert.ok(!before.has(value));
});

test("types survive: what sops would widen stays what it was", async () => {
  const values: Record<string, ValueNode> = {
    int: scalar({ type: "int", value: 9007199254740993n }),
    float: scalar({ type: "float", value: 1 }),
    bool: scalar({ type: "bool", value: false }),
    time: scalar({ type: "time", value: "2026-01-02T03:04:05.5+02:00" }),
    empty: text(""),
    none: scalar({ type: "null" }),
  };
  for (const format of ["yaml", "json"] as const) {
    const first = await reopen(await create(format, [map(values)]), format);
    for (const [key, value] of Object.entries(values)) {
      const read = getAt(first.documents, [key]);
      assert.ok(read?.kind === "scalar" && value.kind === "scalar");
      assert.deepEqual(read.scalar, value.scalar, `${format} ${key}`);
    }
    // Through the editor, where 1.0 is shown as 1, and back.
    const edited = pair(first.documents, parsePlain(plainBytes(format, first.documents), format), format);
    const longer = setAt(edited, ["more"], text("x"));
    const second = await reopen(await updateFile(first.file, longer, first.dataKey, NOW), format);
    for (const [key, value] of Object.entries(values)) {
      const read = getAt(second.documents, [key]);
      assert.deepEqual(
        read?.kind === "scalar" && read.scalar,
        value.kind === "scalar" && value.scalar,
        `${format} ${key}`,
      );
    }
    assert.equal(getAt(removeAt(second.documents, ["more"]), ["more"]), undefined);
  }
});
