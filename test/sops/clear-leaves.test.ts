import assert from "node:assert/strict";
import { test } from "node:test";
import { clearLeaves } from "../../src/sops/clear-leaves.ts";
import { formatKeyPath } from "../../src/sops/key-path.ts";
import { parsePlain } from "../../src/sops/plain-text.ts";
import type { Selector } from "../../src/sops/selectors.ts";
import { parseSopsFile } from "../../src/sops/sops-file.ts";
import { positionAt } from "../../src/sops/text.ts";
import { create } from "./clear-keys.ts";

const PLAIN =
  'a: 1\nb:\n    c: x\n    d: null\n    e: ""\n    f: {}\nl:\n    # about one\n    - one\n    - two\nz_unencrypted: open\n';

/** `kind path line:column` of what is found after replacing parts of an encrypted document by hand. */
async function found(changes: [RegExp, string][], selector?: Selector): Promise<string[]> {
  let text = await create("yaml", parsePlain(PLAIN, "yaml"), selector === undefined ? {} : { selector });
  for (const [from, to] of changes) {
    assert.match(text, from);
    text = text.replace(from, to);
  }
  const leaves = await clearLeaves(parseSopsFile(Buffer.from(text), "yaml"));
  return leaves.map(({ kind, keyPath, span }) => {
    const { line, column } = positionAt(text, span?.start ?? 0);
    return `${kind} ${formatKeyPath(keyPath)} ${line}:${column}`;
  });
}

test("a document that was encrypted whole has none; null, empty text and empty maps are no leaves", async () => {
  assert.deepEqual(await found([]), []);
});

test("values of every type are found, with path and place; what a selector exempts is not", async () => {
  assert.deepEqual(
    await found([
      [/a: ENC\S+/, "a: 5"],
      [/c: ENC\S+/, "c: ENC[AES256_GCM,data:half"],
    ]),
    ["value a 1:4", "value b/c 3:8"],
  );
  assert.deepEqual(await found([], { kind: "encrypted_regex", pattern: "^a$" }), []);
  assert.deepEqual(await found([[/a: ENC\S+/, "a: true"]], { kind: "encrypted_regex", pattern: "^a$" }), [
    "value a 1:4",
  ]);
});

test("list items count as a person counts them: the encrypted comment among them is none", async () => {
  assert.deepEqual(await found([[/(type:comment\]\n.*\n {4}- )ENC\S+/, "$1two"]]), ["value l/1 10:7"]);
});

test("comments in clear are told apart: old versions of sops left them so", async () => {
  assert.deepEqual(await found([[/^a: /, "# old comment\na: "]]), ["comment  1:1"]);
});
