import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { SecretsError } from "../../src/errors.ts";
import { type DataKeyOpener, type NoIdentityCause, openDataKey } from "../../src/sops/datakey.ts";
import type { MasterKey } from "../../src/sops/metadata.ts";
import { readMetadata } from "../../src/sops/metadata.ts";
import { splitSecret } from "../../src/sops/shamir.ts";
import type { SopsFile } from "../../src/sops/sops-file.ts";
import { jsonStore } from "../../src/sops/stores/json.ts";
import type { MapNode } from "../../src/sops/tree.ts";
import { golden, goldenOpener, open } from "./golden.ts";

function fileWith(fields: object): SopsFile {
  const text = JSON.stringify({
    sops: { lastmodified: "2026-01-02T03:04:05Z", mac: "m", version: "3.9.0", ...fields },
  });
  const stored = jsonStore.read(text);
  return { format: "json", stored, metadata: readMetadata(stored.metadata as MapNode), bom: false };
}

const dataKey = randomBytes(32);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Opens entries whose id is in the set; the entry holds its answer. */
function opener(ids: readonly string[], tried: string[] = []): DataKeyOpener {
  return {
    async open(key: MasterKey) {
      tried.push(`${key.type} ${key.id}`);
      return ids.includes(key.id) ? Buffer.from(key.enc, "hex") : null;
    },
  };
}

test("one group: age first, then PGP, then the rest, and the first that opens ends it", async () => {
  const file = fileWith({
    kms: [{ arn: "k", enc: hex(dataKey) }],
    pgp: [{ fp: "p", enc: hex(dataKey) }],
    age: [
      { recipient: "a", enc: hex(dataKey) },
      { recipient: "b", enc: hex(dataKey) },
    ],
  });
  const tried: string[] = [];
  assert.deepEqual(Buffer.from(await openDataKey(file, opener(["k"], tried))), dataKey);
  assert.deepEqual(tried, ["age a", "age b", "pgp p", "kms k"]);
  tried.length = 0;
  await openDataKey(file, opener(["a", "k"], tried));
  assert.deepEqual(tried, ["age a"]);
});

test("an opener that wants to see all age entries at once gets them first", async () => {
  const file = fileWith({
    age: [
      { recipient: "a", enc: "" },
      { recipient: "b", enc: hex(dataKey) },
    ],
    pgp: [{ fp: "p", enc: "" }],
  });
  const seen: string[][] = [];
  const key = await openDataKey(file, {
    open: () => Promise.reject(new Error("not asked")),
    async openAnyAge(keys) {
      seen.push(keys.map(({ id }) => id));
      return dataKey;
    },
  });
  assert.deepEqual([key, seen], [dataKey, [["a", "b"]]]);
});

test("several groups: the threshold's number of shares is enough, and no more are opened", async () => {
  const shares = splitSecret(dataKey, 3, 2);
  const file = fileWith({
    key_groups: shares.map((share, i) => ({ age: [{ recipient: `r${i}`, enc: hex(share) }] })),
    shamir_threshold: 2,
  });
  for (const ids of [
    ["r0", "r1"],
    ["r0", "r2"],
    ["r1", "r2"],
    ["r0", "r1", "r2"],
  ]) {
    const tried: string[] = [];
    assert.deepEqual(Buffer.from(await openDataKey(file, opener(ids, tried))), dataKey);
    assert.equal(tried.at(-1), `age ${ids[1]}`);
  }
  await assert.rejects(openDataKey(file, opener(["r1"])), { code: "E_NO_IDENTITY", message: /1 of the 2 key groups/ });
});

test("the golden Shamir documents open with any two of three keys and with no single one", async () => {
  for (const version of ["3.9.4", "3.12.2", "3.13.2"]) {
    const { bytes } = golden(`shamir/enc-${version}.yaml`);
    await open(bytes, "yaml", goldenOpener("age1", "age3"));
    await open(bytes, "yaml", goldenOpener("age2", "age3"));
    await assert.rejects(open(bytes, "yaml", goldenOpener("age2")), { code: "E_NO_IDENTITY" });
  }
});

test("who cannot open learns whom the document is for, and what went wrong with his keys", async () => {
  const fault = new SecretsError("E_AGE_HEADER", "damaged");
  const file = fileWith({ age: [{ recipient: "age1a", enc: "" }], pgp: [{ fp: "AB", enc: "" }] });
  const failing: DataKeyOpener = {
    open: (key) => (key.type === "age" ? Promise.reject(fault) : Promise.resolve(null)),
  };
  await assert.rejects(openDataKey(file, failing), (error: SecretsError) => {
    const cause = error.cause as NoIdentityCause;
    assert.equal(error.code, "E_NO_IDENTITY");
    assert.equal(error.kind, "identity");
    assert.deepEqual(cause.recipients, [
      { type: "pgp", id: "AB" },
      { type: "age", id: "age1a" },
    ]);
    assert.deepEqual(cause.faults, [fault]);
    assert.match(error.hint ?? "", /age1a/);
    return true;
  });
});

test("one key that fails does not hide another that opens", async () => {
  const file = fileWith({
    age: [
      { recipient: "a", enc: "" },
      { recipient: "b", enc: hex(dataKey) },
    ],
  });
  const key = await openDataKey(file, {
    open: (entry) => (entry.id === "a" ? Promise.reject(new Error("broken")) : Promise.resolve(dataKey)),
  });
  assert.deepEqual(key, dataKey);
});

test("Ctrl-C at a prompt ends the run, whatever other key there is", async () => {
  const file = fileWith({
    age: [{ recipient: "a", enc: hex(dataKey) }],
    pgp: [{ fp: "p", enc: hex(dataKey) }],
  });
  const stop = new SecretsError("E_INTERRUPTED", "stopped", { kind: "interrupted" });
  const openAnyAge = () => Promise.reject(stop);
  await assert.rejects(openDataKey(file, { ...opener(["p"]), openAnyAge }), { code: "E_INTERRUPTED" });
});
