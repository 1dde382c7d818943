import assert from "node:assert/strict";
import { test } from "node:test";
import { readMetadata, recipientsOf, restamp } from "../../src/sops/metadata.ts";
import { jsonStore } from "../../src/sops/stores/json.ts";
import type { MapNode } from "../../src/sops/tree.ts";

const BASE = { lastmodified: "2026-01-02T03:04:05Z", mac: "m", version: "3.9.0" };
const AGE = { recipient: "age1x", enc: "e" };

function tree(fields: object): MapNode {
  return jsonStore.read(JSON.stringify(fields)).documents[0] as MapNode;
}

function read(fields: object) {
  return readMetadata(tree({ ...BASE, ...fields }));
}

test("every key type is listed by what names it, in sops' order", () => {
  const metadata = read({
    age: [AGE],
    pgp: [{ fp: "ABCD", enc: "e", created_at: "2020-01-01T00:00:00Z" }],
    kms: [{ arn: "arn:aws:kms:x", enc: "e", created_at: "2020-01-01T00:00:00Z", aws_profile: "" }],
    gcp_kms: [{ resource_id: "projects/x", enc: "e" }],
    hckms: [{ key_id: "eu:1", enc: "e" }],
    azure_kv: [{ vault_url: "https://v", name: "n", version: "1", enc: "e" }],
    hc_vault: [{ vault_address: "https://h", engine_path: "transit", key_name: "k", enc: "e" }],
  });
  assert.deepEqual(
    recipientsOf(metadata).map(({ type, id }) => `${type} ${id}`),
    [
      "kms arn:aws:kms:x",
      "gcp_kms projects/x",
      "hckms eu:1",
      "azure_kv https://v/keys/n/1",
      "hc_vault https://h/v1/transit/keys/k",
      "pgp ABCD",
      "age age1x",
    ],
  );
  assert.equal(recipientsOf(metadata)[5]?.createdAt, "2020-01-01T00:00:00Z");
  assert.equal(recipientsOf(metadata)[6]?.createdAt, undefined);
});

test("null and empty lists of the old layouts count as none; flat lists win over key groups", () => {
  const groups = [{ age: [AGE], hc_vault: null }, { age: [{ ...AGE, recipient: "age1y" }] }];
  assert.equal(read({ kms: null, pgp: [], age: [AGE], key_groups: groups }).keyGroups.length, 1);
  const split = read({ kms: null, age: [], key_groups: groups, shamir_threshold: "2" });
  assert.deepEqual(
    split.keyGroups.map((group) => group.map(({ id }) => id)),
    [["age1x"], ["age1y"]],
  );
  assert.equal(split.shamirThreshold, 2);
});

test("scalars are read leniently: dotenv and INI know only text", () => {
  assert.equal(read({ age: [AGE], mac_only_encrypted: "true" }).macOnlyEncrypted, true);
  assert.equal(read({ age: [AGE], mac_only_encrypted: true }).macOnlyEncrypted, true);
  assert.equal(read({ age: [AGE] }).macOnlyEncrypted, false);
  assert.equal(read({ age: AGE }).keyGroups[0]?.length, 1);
  assert.deepEqual(read({ age: [AGE], encrypted_suffix: "_s" }).selector, { kind: "encrypted_suffix", pattern: "_s" });
  assert.deepEqual(read({ age: [AGE] }).selector, { kind: "unencrypted_suffix", pattern: "_unencrypted" });
});

test("metadata that sops could not use is refused", () => {
  const table: object[] = [
    {},
    { age: [] },
    { age: "x" },
    { age: [1] },
    { age: [AGE], lastmodified: "yesterday" },
    { age: [AGE], lastmodified: null },
    { age: [AGE], shamir_threshold: "many" },
    { age: [AGE], mac_only_encrypted: "perhaps" },
    { age: [AGE], version: {} },
    { age: [AGE], unencrypted_suffix: "a", encrypted_regex: "b" },
  ];
  for (const fields of table) assert.throws(() => read(fields), { code: "E_METADATA" }, JSON.stringify(fields));
});

test("a new MAC and date leave every other entry the same object", () => {
  const old = tree({ unknown: { x: 1 }, ...BASE, age: [AGE] });
  const stamped = restamp(old, "new", "2027-01-01T00:00:00Z");
  const same = stamped.entries.filter((entry, i) => entry === old.entries[i]);
  assert.equal(same.length, old.entries.length - 2);
  assert.equal(readMetadata(stamped).mac, "new");
  assert.equal(readMetadata(stamped).lastModified, "2027-01-01T00:00:00Z");
});
