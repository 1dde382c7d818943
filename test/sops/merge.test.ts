import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatKeyPath } from "../../src/sops/key-path.ts";
import { merge } from "../../src/sops/merge.ts";
import { parsePlain, plainText } from "../../src/sops/plain-text.ts";
import { updateFile } from "../../src/sops/update-file.ts";
import { create, NOW, reopen } from "./clear-keys.ts";
import { documentOf } from "./trees.ts";

function merged(base: string, mine: string, theirs: string): string {
  const [a, b, c] = [base, mine, theirs].map((content) => parsePlain(content, "yaml"));
  const result = merge(a ?? [], b ?? [], c ?? []);
  if (result.conflicts !== undefined) return `conflict ${result.conflicts.map(formatKeyPath).join(" ")}`;
  return plainText("yaml", result.merged);
}

const BASE = "a: 1\nb:\n    c: 2\n    d: 3\nl:\n    - x\n";
const TABLE: [string, string, string, string][] = [
  ["only mine", BASE.replace("1", "11"), BASE, BASE.replace("1", "11")],
  ["only theirs", BASE, BASE.replace("1", "11"), BASE.replace("1", "11")],
  ["different keys", BASE.replace("2", "22"), BASE.replace("3", "33"), BASE.replace("2", "22").replace("3", "33")],
  ["the same on both sides", BASE.replace("2", "22"), BASE.replace("2", "22"), BASE.replace("2", "22")],
  ["one key, two values", BASE.replace("2", "22"), BASE.replace("2", "222"), "conflict b/c"],
  [
    "two keys in conflict",
    BASE.replace("1", "5").replace("2", "5"),
    BASE.replace("1", "6").replace("2", "6"),
    "conflict a b/c",
  ],
  ["both add different keys", `${BASE}m: 1\n`, `${BASE}t: 1\n`, `${BASE}m: 1\nt: 1\n`],
  ["both add one key alike", `${BASE}m: 1\n`, `${BASE}m: 1\n`, `${BASE}m: 1\n`],
  ["both add one key in two ways", `${BASE}m: 1\n`, `${BASE}m: 2\n`, "conflict m"],
  [
    "mine removes, theirs changes elsewhere",
    BASE.replace("    c: 2\n", ""),
    BASE.replace("3", "33"),
    BASE.replace("    c: 2\n", "").replace("3", "33"),
  ],
  ["mine removes what theirs changes", BASE.replace("    c: 2\n", ""), BASE.replace("2", "22"), "conflict b/c"],
  ["theirs removes what mine changes", BASE.replace("2", "22"), BASE.replace("    c: 2\n", ""), "conflict b/c"],
  ["both remove", BASE.replace("    c: 2\n", ""), BASE.replace("    c: 2\n", ""), BASE.replace("    c: 2\n", "")],
  ["lists are merged whole", BASE.replace("- x", "- x\n    - y"), BASE.replace("- x", "- z"), "conflict l"],
  [
    "a comment on one side, a value on the other",
    `# why\n${BASE}`,
    BASE.replace("1", "11"),
    `# why\n${BASE.replace("1", "11")}`,
  ],
];

for (const [name, mine, theirs, want] of TABLE) {
  test(name, () => {
    const got = merged(BASE, mine, theirs);
    // Where two new keys go is a matter of taste; that both are there is not.
    assert.deepEqual(
      name.startsWith("both add different") ? got.split("\n").sort() : got,
      name.startsWith("both add different") ? want.split("\n").sort() : want,
    );
  });
}

test("laws: no change of mine gives theirs, no change of theirs gives mine, and no key is lost", () => {
  fc.assert(
    fc.property(documentOf("yaml"), documentOf("yaml"), (base, other) => {
      assert.equal(plainText("yaml", merge([base], [base], [other]).merged ?? []), plainText("yaml", [other]));
      assert.equal(plainText("yaml", merge([base], [other], [base]).merged ?? []), plainText("yaml", [other]));
      assert.equal(plainText("yaml", merge([base], [other], [other]).merged ?? []), plainText("yaml", [other]));
    }),
  );
});

test("what was merged is written over theirs with only my change", async () => {
  const base = await reopen(await create("yaml", parsePlain(BASE, "yaml")), "yaml");
  const theirs = await reopen(await create("yaml", parsePlain(BASE.replace("3", "33"), "yaml")), "yaml");
  const mine = parsePlain(BASE.replace("2", "22"), "yaml");
  const result = merge(base.documents, mine, theirs.documents);
  const after = await updateFile(theirs.file, result.merged ?? [], theirs.dataKey, NOW);
  const old = new Set(theirs.file.stored.text.split("\n"));
  const come = after.split("\n").filter((line) => !old.has(line) && !/mac|lastmodified/.test(line));
  assert.equal(come.length, 1);
  assert.match(come[0] ?? "", /^ {4}c: ENC/);
});

test("another number of documents is a conflict unless both sides agree", () => {
  assert.equal(merged("a: 1\n", "a: 1\n---\nb: 1\n", "a: 2\n"), "conflict ");
  assert.equal(merged("a: 1\n", "a: 1\n---\nb: 1\n", "a: 1\n---\nb: 1\n"), "a: 1\n---\nb: 1\n");
});
