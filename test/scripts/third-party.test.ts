import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { thirdPartyNotice } from "../../scripts/build/third-party.ts";

test("each bundled package once, with its licence text", () => {
  const notice = thirdPartyNotice([
    "src/cli/main.ts",
    "node_modules/yaml/dist/index.js",
    "node_modules/yaml/dist/errors.js",
    "node_modules/@inquirer/search/dist/index.js",
  ]);
  assert.deepEqual(notice.match(/^## \S+/gm), ["## @inquirer/search", "## yaml"]);
  assert.match(notice, /Permission to use, copy, modify/);
});

test("a package that only names the Apache licence gets its text", () => {
  assert.match(thirdPartyNotice(["node_modules/@stricli/core/dist/index.js"]), /Apache License\s+Version 2\.0/);
});

test("nothing is bundled whose terms cannot be given along", (t) => {
  const root = mkdtempSync(join(tmpdir(), "secrets-licence-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "node_modules/secretive"), { recursive: true });
  writeFileSync(join(root, "node_modules/secretive/package.json"), '{"name": "secretive", "version": "1.0.0"}');
  assert.throws(
    () => thirdPartyNotice([join(root, "node_modules/secretive/index.js")]),
    /secretive is bundled and has no licence/,
  );
});
