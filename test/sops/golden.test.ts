import assert from "node:assert/strict";
import { test } from "node:test";
import { removeAt, setAt } from "../../src/sops/access.ts";
import { clearLeaves } from "../../src/sops/clear-leaves.ts";
import { decryptFile } from "../../src/sops/decrypt-file.ts";
import { parseKeyPath } from "../../src/sops/key-path.ts";
import { recipientsOf } from "../../src/sops/metadata.ts";
import { pair } from "../../src/sops/pair.ts";
import { editableBytes, parsePlain, plainBytes, plainText } from "../../src/sops/plain-text.ts";
import { parseSopsFile } from "../../src/sops/sops-file.ts";
import { storeFor } from "../../src/sops/stores.ts";
import type { KeyPath, MapNode, ValueNode } from "../../src/sops/tree.ts";
import { updateFile } from "../../src/sops/update-file.ts";
import { golden, goldenFiles, goldenPlain, open, RECIPIENT_1, RECIPIENT_2 } from "./golden.ts";

const NOW = new Date("2030-01-02T03:04:05.678Z");
const files = goldenFiles();

/** The lines of `after` that are not in `before`, and the other way round. */
function changedLines(before: string, after: string): { gone: string[]; come: string[] } {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const [inA, inB] = [new Set(a), new Set(b)];
  return { gone: a.filter((line) => !inB.has(line)), come: b.filter((line) => !inA.has(line)) };
}

const isStamp = (line: string): boolean => /^\W*(sops_)?(mac|lastmodified)\b/.test(line);

/** The first value of a document that is a leaf, in document order. */
function firstLeaf(node: ValueNode, path: KeyPath = []): KeyPath | undefined {
  if (node.kind === "scalar") return node.scalar.type === "null" ? undefined : path;
  const children =
    node.kind === "map"
      ? node.entries.flatMap((entry) => (entry.kind === "entry" ? [[entry.key, entry.value] as const] : []))
      : node.items.filter((item) => item.kind !== "comment").map((item, i) => [i, item] as const);
  for (const [key, child] of children) {
    const found = firstLeaf(child, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

test("there are golden documents of every format and version", () => {
  assert.ok(files.length >= 80, `${files.length}`);
  assert.deepEqual(new Set(files.map(({ format }) => format)), new Set(["yaml", "json", "dotenv", "ini", "binary"]));
});

for (const goldenFile of files) {
  const { name, bytes, format } = goldenFile;
  const want = goldenPlain(goldenFile);
  const text = bytes.toString("utf8");

  test(`${name}: opens, and its MAC fits`, async () => {
    const { file, documents } = await open(bytes, format);
    assert.ok(documents.length > 0);
    assert.ok(recipientsOf(file.metadata).length >= 1);
    assert.deepEqual(
      (await clearLeaves(file)).filter(({ kind }) => kind === "value"),
      [],
    );
  });

  if (want !== undefined) {
    test(`${name}: the plain form is what sops decrypt prints`, async () => {
      const { documents } = await open(bytes, format);
      // sops 3.9.4 ended JSON without a line break.
      const expected = format === "json" && name.includes("3.9.4") ? Buffer.concat([want, Buffer.from("\n")]) : want;
      assert.deepEqual(Buffer.from(plainBytes(format, documents)), expected);
    });
  }

  test(`${name}: a rewrite without a change is the same text`, async () => {
    const { file } = await open(bytes, format);
    const { documents, metadata } = file.stored;
    assert.ok(metadata !== undefined);
    assert.equal(storeFor(format).rewrite(file.stored, documents, metadata), text);
  });

  test(`${name}: saving the editor's text untouched changes nothing but MAC and date`, async () => {
    const { file, dataKey, documents } = await open(bytes, format);
    const again = pair(documents, parsePlain(editableBytes(format, documents), format), format);
    assert.deepEqual(again, documents);
    const after = await updateFile(file, again, dataKey, NOW);
    const { gone, come } = changedLines(text, after);
    assert.ok(gone.every(isStamp) && come.every(isStamp), `${gone}\n${come}`);
    assert.equal(gone.length, come.length);
  });

  test(`${name}: one changed value is one changed line`, async () => {
    const { file, dataKey, documents } = await open(bytes, format);
    const path = firstLeaf(documents[0] as MapNode);
    if (path === undefined) return;
    const changed = setAt(documents, path, { kind: "scalar", scalar: { type: "str", value: "changed" } });
    const after = await updateFile(file, changed, dataKey, NOW);
    const { gone, come } = changedLines(text, after);
    assert.equal(gone.filter((line) => !isStamp(line)).length, 1, gone.join("\n"));
    assert.equal(come.filter((line) => !isStamp(line)).length, 1, come.join("\n"));
    assert.equal(after.split("\n").length, text.split("\n").length);
    const reopened = await open(after, format);
    assert.equal(plainText(format, reopened.documents), plainText(format, changed));
    assert.equal(reopened.file.metadata.version, file.metadata.version);
    assert.equal(reopened.file.metadata.lastModified, "2030-01-02T03:04:05Z");
  });

  test(`${name}: a key added and taken out again leaves the old text`, async () => {
    if (format === "binary") return;
    const { file, dataKey, documents } = await open(bytes, format);
    const path = format === "ini" ? ["sec", "zzz_new"] : ["zzz_new"];
    const added = setAt(documents, path, { kind: "scalar", scalar: { type: "str", value: "new" } });
    const longer = await updateFile(file, added, dataKey, NOW);
    const { gone, come } = changedLines(text, longer);
    // JSON needs a comma more where the last member gets a successor.
    const additions = come.filter((line) => !isStamp(line) && !gone.includes(line.replace(/,$/, "")));
    assert.ok(additions.length >= 1 && additions.some((line) => line.includes("zzz_new")), come.join("\n"));
    const second = await open(longer, format);
    const shorter = await updateFile(second.file, removeAt(second.documents, path), second.dataKey, NOW);
    const back = changedLines(text, shorter);
    assert.deepEqual(
      back.gone.filter((line) => !isStamp(line)),
      [],
    );
    assert.deepEqual(
      back.come.filter((line) => !isStamp(line)),
      [],
    );
  });
}

for (const selector of [
  "encrypted-regex",
  "encrypted-suffix",
  "mac-only-encrypted",
  "unencrypted-regex",
  "unencrypted-suffix",
  "unencrypted-comment-regex",
  "encrypted-comment-regex",
]) {
  test(`rules/${selector}: what is in clear is what sops left in clear, and the content is the input's`, async () => {
    const input = parsePlain(golden("rules/in.yaml").bytes, "yaml");
    for (const version of ["3.9.4", "3.12.2", "3.13.2"]) {
      const { documents } = await open(golden(`rules/enc-${selector}-${version}.yaml`).bytes, "yaml");
      assert.equal(plainText("yaml", documents), plainText("yaml", input));
    }
  });
}

for (const version of ["3.9.4", "3.12.2", "3.13.2"]) {
  const step = (name: string) => golden(`sequences-${version}/${name}.yaml`).bytes;
  /** Ciphertext, MAC, date and version are all that may differ from what sops wrote. */
  const shape = (text: string): string =>
    text
      .replace(/^( {4}mac: ).*/m, "$1…")
      .replace(/^( {4}lastmodified: ).*/m, "$1…")
      .replace(/^( {4}version: ).*/m, "$1…");

  test(`sequences-${version}: edit, set and unset leave what sops leaves`, async () => {
    const start = await open(step("0-before"), "yaml");
    const edited = plainText("yaml", start.documents).replace("two", "three");
    const paired = pair(start.documents, parsePlain(edited, "yaml"), "yaml");
    const afterEdit = await updateFile(start.file, paired, start.dataKey, NOW);
    const blind = (text: string): string => shape(text).replace(/^b: .*/m, "b: …");
    assert.equal(blind(afterEdit), blind(step("1-edit-b").toString()));

    const second = await open(afterEdit, "yaml");
    const set = setAt(second.documents, parseKeyPath("b"), { kind: "scalar", scalar: { type: "str", value: "three" } });
    const afterSet = await updateFile(second.file, set, second.dataKey, NOW);
    assert.equal(blind(afterSet), blind(step("2-set-b").toString()));

    const third = await open(afterSet, "yaml");
    const afterUnset = await updateFile(third.file, removeAt(third.documents, ["b"]), third.dataKey, NOW);
    assert.equal(shape(afterUnset), shape(step("3-unset-b").toString()));
  });
}

test("a file in which an encrypted comment stands in a list opens, whichever sops wrote it (getsops/sops#2243)", async () => {
  const { documents } = await open(golden("comments_list-yaml/enc-3.13.2.yaml").bytes, "yaml");
  assert.equal(plainText("yaml", documents), golden("comments_list-yaml/dec-3.12.2.yaml").bytes.toString());
});

test("the recipients of a document are known without any key", () => {
  const file = parseSopsFile(golden("basic-json/enc-3.9.4.json").bytes, "json");
  assert.deepEqual(
    recipientsOf(file.metadata).map(({ type, id }) => [type, id]),
    [
      ["age", RECIPIENT_1],
      ["age", RECIPIENT_2],
    ],
  );
});

test("another data key opens nothing", async () => {
  const file = parseSopsFile(golden("basic-json/enc-3.13.2.json").bytes, "json");
  await assert.rejects(decryptFile(file, new Uint8Array(32)), { code: "E_VALUE_DAMAGED" });
  await assert.rejects(decryptFile(file, new Uint8Array(31)), { code: "E_DATA_KEY" });
});
