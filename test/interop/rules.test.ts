/** What we read in `.sops.yaml` against what the real sops 3.13.3 does with it, by the same tables. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseSopsFile } from "../../src/sops/sops-file.ts";
import { A, FAULTS, KEYS, MATCHES, rules } from "../fleet/sopsnix/rule-cases.ts";

const SOPS = join(process.env["SECRETS_PEERS"] ?? new URL("../../.peers/bin", import.meta.url).pathname, "sops");

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "secrets-rules-"));
  writeFileSync(join(folder, "in.yaml"), "a: b\n");
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The key groups of a new document at `path`; undefined when sops refuses. */
function encrypt(config: string, path: string): string[][] | undefined {
  writeFileSync(join(folder, ".sops.yaml"), config);
  const types = ["--input-type", "yaml", "--output-type", "yaml"];
  const { status, stdout, error } = spawnSync(SOPS, ["encrypt", ...types, "--filename-override", path, "in.yaml"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder, SOPS_DISABLE_VERSION_CHECK: "1" },
    timeout: 20_000,
  });
  assert.equal(error, undefined);
  if (status !== 0) return undefined;
  return parseSopsFile(stdout, "yaml").metadata.keyGroups.map((group) => group.map(({ id }) => id));
}

function withoutComment(recipient: string): string {
  return recipient.split(" ").slice(0, 2).join(" ");
}

for (const [title, config, path, line] of MATCHES) {
  test(`rule: ${title}`, () => {
    assert.equal(encrypt(config, path) !== undefined, line !== undefined);
  });
}

for (const [title, config, groups] of KEYS) {
  const isAge = groups.flat().every((id) => /^(age1|ssh-)/.test(id));
  // Others need a service, or a key in the keyring of gpg.
  if (!isAge) continue;
  test(`keys: ${title}`, () => {
    // Outside of key_groups sops seals twice for a key that is named twice; readers are a set to us.
    const found = encrypt(config, "x.yaml")?.map((group) => [...new Set(group.map(withoutComment))]);
    assert.deepEqual(found, groups);
  });
}

for (const [title, config] of FAULTS) {
  test(`refused: ${title}`, () => {
    assert.equal(encrypt(config, "x"), undefined);
  });
}

test("a bad expression stops the search", () => {
  const config = rules("- path_regex: ^first$", `  age: ${A}`, "- path_regex: (?=x)", `  age: ${A}`, `- age: ${A}`);
  assert.deepEqual(encrypt(config, "first"), [[A]]);
  assert.equal(encrypt(config, "other"), undefined);
});
