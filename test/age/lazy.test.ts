/** Every run of the program loads this floor; the two large packages only come in when a key needs them. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const floor = new URL("../../src/age/", import.meta.url);
const sources = readdirSync(floor).filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));

test("age-encryption and bcrypt-pbkdf are imported when used, not at the start", () => {
  for (const name of sources) {
    const source = readFileSync(new URL(name, floor), "utf8");
    assert.doesNotMatch(source, /^(import|export)\b[^;]*\bfrom "(?!\.\.?\/|node:)/m, name);
  }
});
