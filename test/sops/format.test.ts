import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOfPath } from "../../src/sops/format.ts";

test("the suffix decides, case and all, as in sops", () => {
  const table = {
    "a.yaml": "yaml",
    "b/c.sops.yml": "yaml",
    "a.json": "json",
    "prod.env": "dotenv",
    ".env": "dotenv",
    "a.ini": "ini",
    "a.YAML": "binary",
    "a.env.enc": "binary",
    secret: "binary",
  };
  for (const [path, format] of Object.entries(table)) assert.equal(formatOfPath(path), format, path);
});
