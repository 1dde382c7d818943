import assert from "node:assert/strict";
import { test } from "node:test";
import { openDocument } from "../../../src/actions/document.ts";
import { type RekeyOrder, rekeyDocument } from "../../../src/actions/rekey/rekey-document.ts";
import type { WantedReaders } from "../../../src/actions/rekey/wanted-readers.ts";
import type { Workplace } from "../../../src/actions/workplace.ts";
import { createSealer } from "../../../src/age/sealer.ts";
import { contentHash } from "../../../src/repo/change.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import { ada, bob, cleo } from "../planned.ts";

const STAY: WantedReaders = {
  groups: undefined,
  shamirThreshold: 0,
  added: [],
  removed: [],
  regrouped: false,
  unlinked: [],
};

async function orderIn(place: Workplace, more: Partial<RekeyOrder> = {}) {
  const [document] = (await place.fleet()).documents;
  assert.ok(document !== undefined);
  const order = { document, wanted: STAY, freshDataKey: false, reason: "test", ...more };
  const sealer = createSealer(1);
  try {
    return { ...(await rekeyDocument(place, sealer, order)), document };
  } finally {
    await sealer.close();
  }
}

const bytesOf = (change: { kind: string; bytes?: Uint8Array }) => change.bytes ?? new Uint8Array();

test("a new data key for the same readers: every value opens as before, and nobody new was sealed to", async () => {
  const text = await sealed("yaml", "# note\na: 1\nb:\n  - x\n  - ''\nc_unencrypted: 2\n", [[ada, bob]]);
  const place = await workplaceOf({ "a.sops.yaml": text }, ada);
  const { change, sealedTo, sealedKeys } = await orderIn(place, { freshDataKey: true });
  assert.equal(change.change.expect, contentHash(Buffer.from(text)));
  assert.deepEqual(sealedKeys, ["a", "b/0"], "what is empty or clear was no secret");
  assert.deepEqual(sealedTo.map(({ id }) => id).sort(), [ada.recipient, bob.recipient].sort());
  const later = await workplaceOf({ "a.sops.yaml": bytesOf(change.change) }, bob);
  const [was, is] = [
    await openDocument(place, "a.sops.yaml", "yaml"),
    await openDocument(later, "a.sops.yaml", "yaml"),
  ];
  const values = (plain: unknown) =>
    JSON.stringify(plain, (key, value) =>
      key === "span" || key === "origin" ? undefined : typeof value === "bigint" ? `${value}` : value,
    );
  assert.equal(values(is.plain), values(was.plain));
  assert.notDeepEqual(is.dataKey, was.dataKey);
});

test("a binary document takes another value under the same data key, or under a new one", async () => {
  const place = await workplaceOf({ "a.bin": await sealed("binary", "old", [[ada]]) }, ada);
  const was = await openDocument(place, "a.bin", "binary");
  for (const freshDataKey of [false, true]) {
    const { change, sealedKeys } = await orderIn(place, { value: Buffer.from("n\0w"), freshDataKey });
    assert.deepEqual(sealedKeys, [""]);
    const later = await workplaceOf({ "a.bin": bytesOf(change.change) }, ada);
    const is = await openDocument(later, "a.bin", "binary");
    assert.match(JSON.stringify(is.plain), /n\\u0000w/);
    assert.equal(Buffer.from(is.dataKey).equals(was.dataKey), !freshDataKey);
  }
});

test("a document that nobody here opens, or that was tampered with, is told by its path", async () => {
  const text = await sealed("yaml", "a: first\nb: second\n", [[ada]]);
  const closed = await workplaceOf({ "a.sops.yaml": text }, cleo);
  await assert.rejects(orderIn(closed, { freshDataKey: true }), {
    code: "E_NO_IDENTITY",
    location: { file: "a.sops.yaml" },
  });
  const [one, two] = text.split("\n");
  const swapped = text.replace(`${one}\n${two}`, `${one?.replace("a: ", "b: ")}\n${two?.replace("b: ", "a: ")}`);
  const place = await workplaceOf({ "a.sops.yaml": swapped }, ada);
  await assert.rejects(orderIn(place, { freshDataKey: true }), (error: { location?: { file?: string } }) => {
    assert.equal(error.location?.file, "a.sops.yaml");
    return true;
  });
});

test("an entry of a service stays as it is, and forbids a new data key", async () => {
  const plain = await sealed("yaml", "a: 1", [[ada, bob]]);
  const arn = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111";
  const entry = `    kms:\n        - arn: ${arn}\n          created_at: "2026-03-01T12:00:00Z"\n          enc: kept\n          aws_profile: ""\n`;
  const place = await workplaceOf({ "a.sops.yaml": plain.replace("sops:\n", `sops:\n${entry}`) }, ada);
  await assert.rejects(orderIn(place, { freshDataKey: true }), {
    code: "E_CANNOT_WRAP",
    location: { file: "a.sops.yaml" },
    hint: /--keep-data-key/,
  });
  const removed = [{ type: "age", id: bob.recipient }] as const;
  const { change, sealedTo } = await orderIn(place, { wanted: { ...STAY, removed } });
  const text = Buffer.from(bytesOf(change.change)).toString("utf8");
  assert.ok(text.includes(arn) && text.includes("enc: kept") && !text.includes(bob.recipient));
  assert.deepEqual(sealedTo, []);
});
