/** What ciphertext proves of a value: against what really happened to it, by our own hands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatTraces,
  parseTraces,
  sameByTraces,
  type Traces,
  tracesOf,
} from "../../../src/actions/renew/sealed-values.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { decryptWith, encryptTo } from "../../../src/age/file.ts";
import { parseIdentities } from "../../../src/age/identity.ts";
import { parseRecipient } from "../../../src/age/recipient.ts";
import { setAt } from "../../../src/sops/access.ts";
import { openDataKey } from "../../../src/sops/datakey.ts";
import { decryptFile } from "../../../src/sops/decrypt-file.ts";
import { rekeyFile } from "../../../src/sops/rekey-file.ts";
import { parseSopsFile } from "../../../src/sops/sops-file.ts";
import { updateFile } from "../../../src/sops/update-file.ts";
import { sealed } from "../in-memory.ts";

const KEY = makeAgeKey();
const OTHER = makeAgeKey();
const NOW = new Date("2026-03-01T12:00:00Z");

async function open(text: string) {
  const file = parseSopsFile(Buffer.from(text), "yaml");
  const { identities } = await parseIdentities(KEY.identity, "test");
  const dataKey = await openDataKey(file, { open: ({ enc }) => decryptWith(identities, enc) });
  return { file, dataKey, plain: (await decryptFile(file, dataKey)).documents };
}

async function withValue(text: string, key: string, value: string): Promise<string> {
  const { file, dataKey, plain } = await open(text);
  return updateFile(file, setAt(plain, [key], { kind: "scalar", scalar: { type: "str", value } }), dataKey, NOW);
}

async function rekeyed(text: string, freshDataKey: boolean): Promise<string> {
  const { file, dataKey } = await open(text);
  const keys = [KEY, OTHER].map(({ recipient }) => ({ type: "age", id: recipient }) as const);
  const seal = ({ id }: { id: string }, part: Uint8Array) => encryptTo([parseRecipient(id)], part);
  return (await rekeyFile(file, dataKey, { keyGroups: [keys], shamirThreshold: 0, freshDataKey, now: NOW, seal })).text;
}

function traces(text: string, key: string): Traces {
  return tracesOf(Buffer.from(text), "yaml")?.get(key) ?? assert.fail(key);
}

test("another reader proves the same value, another content another one, and a new data key nothing wrong", async () => {
  const first = await sealed("yaml", "a: onetwo\nb: two\n", [[KEY]]);
  const same = (text: string, key: string) => sameByTraces(traces(first, key), traces(text, key));
  assert.equal(same(await rekeyed(first, false), "a"), true);
  const edited = await withValue(first, "b", "six");
  assert.equal(same(edited, "a"), true);
  assert.equal(same(edited, "b"), false, "of the same length, and under the same data key");
  assert.equal(same(await withValue(first, "a", "longer than it was"), "a"), false);
  const fresh = await rekeyed(first, true);
  assert.notEqual(same(fresh, "a"), false);
  const both = await withValue(fresh, "a", "towone");
  assert.notEqual(same(both, "a"), true);
  assert.equal(same(await withValue(fresh, "a", "x"), "a"), false, "another length");
});

test("a document of one value has the empty key; what is none has no traces", async () => {
  const binary = await sealed("binary", "x", [[KEY]]);
  assert.deepEqual([...(tracesOf(Buffer.from(binary), "binary")?.keys() ?? [])], [""]);
  assert.equal(tracesOf(Buffer.from("a: b\n"), "yaml"), undefined);
  assert.equal(tracesOf(Buffer.from("<<<<<<<\n"), "binary"), undefined);
  const yaml = await sealed("yaml", "__proto__: 1\nlist: [a, b]\nplain_unencrypted: c\n", [[KEY]]);
  assert.deepEqual([...(tracesOf(Buffer.from(yaml), "yaml")?.keys() ?? [])], ["__proto__", "list/0", "list/1"]);
});

test("traces are one line that reads back, and no other text does", () => {
  const hex = (length: number) =>
    fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length });
  const any = fc.record({
    sealed: hex(64),
    nonce: hex(16),
    size: fc.nat(),
    dataKey: fc.array(hex(16), { maxLength: 3 }),
  });
  fc.assert(fc.property(any, (one) => assert.deepEqual(parseTraces(formatTraces(one)), { ...one })));
  fc.assert(fc.property(fc.string(), (text) => assert.equal(parseTraces(text), undefined)));
});
