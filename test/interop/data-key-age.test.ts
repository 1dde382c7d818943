/** What tells the same data key from another, on files that the real sops 3.13.3 wrote, edited, wrapped anew and rotated. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { dataKeyMarks, shareMark } from "../../src/actions/data-key-marks.ts";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { formatOfPath } from "../../src/sops/format.ts";

const SOPS = join(process.env["SECRETS_PEERS"] ?? new URL("../../.peers/bin", import.meta.url).pathname, "sops");
/** Of one byte each: under the nonces that sops keeps, some of them come out the same with another data key. */
const NAMES = Array.from({ length: 600 }, (_, index) => `k${index}`);
const LINES = NAMES.map((name, index) => `${name}=${index % 10}`);
const PLAIN = {
  "f.yaml": NAMES.map((name, index) => `${name}: ${index % 10}\n`).join(""),
  "f.json": JSON.stringify(Object.fromEntries(NAMES.map((name, index) => [name, index % 10]))),
  "f.env": `${LINES.join("\n")}\n`,
  "f.ini": `[s]\n${LINES.join("\n")}\n`,
};

for (const [name, plain] of Object.entries(PLAIN)) {
  test(`${formatOfPath(name)}: an edit and new wrapping keep the data key, a rotation does not`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), "secrets-age-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [ada, bob] = [makeAgeKey(), makeAgeKey()];
    const env = {
      PATH: process.env["PATH"],
      HOME: folder,
      SOPS_AGE_KEY: ada.identity,
      SOPS_DISABLE_VERSION_CHECK: "1",
    };
    const sops = (...argv: string[]) => execFileSync(SOPS, argv, { cwd: folder, env, timeout: 60_000, stdio: "pipe" });
    const marks = () => dataKeyMarks(readFileSync(join(folder, name)), formatOfPath(name));
    const allow = (...keys: readonly { readonly recipient: string }[]) => {
      const recipients = keys.map(({ recipient }) => recipient).join(",");
      writeFileSync(join(folder, ".sops.yaml"), `creation_rules:\n  - age: ${recipients}\n`);
    };
    allow(ada);
    writeFileSync(join(folder, name), plain);
    sops("encrypt", "-i", name);
    const first = marks();
    assert.ok(first.size > NAMES.length);
    sops("set", name, name.endsWith(".ini") ? '["s"]["k0"]' : '["k0"]', '"other"');
    const edited = marks();
    assert.ok(shareMark(first, edited));
    allow(ada, bob);
    sops("updatekeys", "--yes", name);
    const wrapped = marks();
    assert.ok(shareMark(edited, wrapped));
    sops("rotate", "-i", name);
    const rotated = marks();
    for (const older of [first, edited, wrapped]) assert.ok(!shareMark(older, rotated));
  });
}
