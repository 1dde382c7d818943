import assert from "node:assert/strict";
import { test } from "node:test";
import { editConfig } from "../../../../src/fleet/sopsnix/edit/edit-config.ts";
import { CASES } from "./edit-cases.ts";
import { lineDiff } from "./line-diff.ts";

function edit(yaml: string, edits: Parameters<typeof editConfig>[2]): string {
  return Buffer.from(editConfig(Buffer.from(yaml), "team/.sops.yaml", edits)).toString();
}

for (const [title, yaml, edits, diff] of CASES) {
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
