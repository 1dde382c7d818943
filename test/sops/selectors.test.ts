import assert from "node:assert/strict";
import { test } from "node:test";
import { removeAt } from "../../src/sops/access.ts";
import { isSealed } from "../../src/sops/cipher.ts";
import { parsePlain } from "../../src/sops/plain-text.ts";
import type { Selector, SelectorKind } from "../../src/sops/selectors.ts";
import { parseSopsFile } from "../../src/sops/sops-file.ts";
import type { ValueNode } from "../../src/sops/tree.ts";
import { updateFile } from "../../src/sops/update-file.ts";
import { create, NOW, reopen } from "./clear-keys.ts";

/** The key paths and comments that end up encrypted. */
async function encrypted(yaml: string, kind: SelectorKind, pattern: string): Promise<string[]> {
  const text = await create("yaml", parsePlain(yaml, "yaml"), { selector: { kind, pattern } });
  const found: string[] = [];
  const collect = (node: ValueNode, path: string): void => {
    if (node.kind === "scalar") {
      if (node.scalar.type === "str" && isSealed(node.scalar.value)) found.push(path);
      return;
    }
    const children = node.kind === "map" ? node.entries : node.items;
    for (const [i, child] of children.entries()) {
      if (child.kind === "comment") {
        if (isSealed(child.text)) found.push(`${path}#${i}`);
      } else if (child.kind === "entry") collect(child.value, path === "" ? child.key : `${path}/${child.key}`);
      else collect(child, `${path}/${i}`);
    }
  };
  for (const document of parseSopsFile(Buffer.from(text), "yaml").stored.documents) collect(document, "");
  return found;
}

const KEYS = "a: 1\na_x:\n    b: 2\n    c_y: 3\nlist:\n    - d: 4\n    - 5\n";
const KEY_TABLE: [SelectorKind, string, string[]][] = [
  ["unencrypted_suffix", "_x", ["a", "list/0/d", "list/1"]],
  ["encrypted_suffix", "_x", ["a_x/b", "a_x/c_y"]],
  ["encrypted_suffix", "_y", ["a_x/c_y"]],
  ["unencrypted_regex", "^(a|list)$", ["a_x/b", "a_x/c_y"]],
  ["encrypted_regex", "i", ["list/0/d", "list/1"]],
  ["encrypted_regex", "^\\pL_", ["a_x/b", "a_x/c_y"]],
  ["unencrypted_regex", ".*", []],
];

for (const [kind, pattern, want] of KEY_TABLE) {
  test(`${kind}: ${pattern}`, async () => assert.deepEqual(await encrypted(KEYS, kind, pattern), want));
}

const COMMENTS = "# mark\na: 1\nb: 2\n# other\n# mark\nc:\n    d: 3\n    # below\n    e: 4\nf: 5\n";
test("encrypted_comment_regex: the marker stays clear, what it stands above is encrypted, comments below too", async () => {
  assert.deepEqual(await encrypted(COMMENTS, "encrypted_comment_regex", "mark"), ["a", "c/d", "c#1", "c/e"]);
});
test("unencrypted_comment_regex: the marker and what it stands above stay clear, other comments do not", async () => {
  assert.deepEqual(await encrypted(COMMENTS, "unencrypted_comment_regex", "^ mark$"), ["b", "#3", "f"]);
});
test("comments above a list's item reach that item only", async () => {
  const yaml = "l:\n    # mark\n    - 1\n    - 2\n";
  assert.deepEqual(await encrypted(yaml, "encrypted_comment_regex", "mark"), ["l/1"]);
});

test("a comment in an encrypted list that would end its marker's reach is refused (getsops/sops#2281)", async () => {
  const documents = parsePlain("l:\n    # mark\n    # second\n    - 1\n", "yaml");
  const selector: Selector = { kind: "encrypted_comment_regex", pattern: "mark" };
  await assert.rejects(create("yaml", documents, { selector }), { code: "E_SELECTOR_AMBIGUOUS" });
});

test("empty patterns and bad expressions are refused before anything is encrypted", async () => {
  const documents = parsePlain("a: 1\n", "yaml");
  for (const selector of [
    { kind: "encrypted_regex", pattern: "(" },
    { kind: "encrypted_suffix", pattern: "" },
  ] as const) {
    await assert.rejects(create("yaml", documents, { selector }), { code: "E_SELECTOR" });
  }
});

test("a bad expression in a file that exists never matches, as sops reads it", async () => {
  const documents = parsePlain("a: 1\n", "yaml");
  const text = await create("yaml", documents, { selector: { kind: "encrypted_regex", pattern: "zzz" } });
  const { documents: opened } = await reopen(text.replace("encrypted_regex: zzz", "encrypted_regex: ("), "yaml");
  assert.equal(opened.length, 1);
});

test("more than one selector is refused", async () => {
  const text = await create("yaml", parsePlain("a: 1\n", "yaml"));
  const two = text.replace("    version:", "    encrypted_suffix: x\n    version:");
  assert.throws(() => parseSopsFile(Buffer.from(two), "yaml"), { code: "E_METADATA" });
});

test("binary documents are encrypted whole, whatever the rule says", async () => {
  const text = await create("binary", parsePlain("top secret", "binary"), {
    selector: { kind: "encrypted_regex", pattern: "^nothing$" },
    macOnlyEncrypted: true,
  });
  assert.ok(
    !text.includes("top secret") && !text.includes("regex") && !text.includes("suffix") && !text.includes("mac_only"),
  );
});

test("a value that loses the key that kept it clear does not stay in clear", async () => {
  const text = await create("yaml", parsePlain("a_unencrypted:\n    b: open\n", "yaml"));
  const { file, documents, dataKey } = await reopen(text, "yaml");
  const [document] = documents;
  const clear = document?.entries[0];
  assert.ok(document !== undefined && clear?.kind === "entry");
  // The same nodes, with their origins, under another key.
  const moved = [{ ...document, entries: [{ ...clear, key: "a" }] }];
  const after = await updateFile(file, moved, dataKey, NOW);
  assert.ok(!after.includes("open"));
  assert.equal((await updateFile(file, removeAt(documents, ["a_unencrypted"]), dataKey, NOW)).includes("open"), false);
});
