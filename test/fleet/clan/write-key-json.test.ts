import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { parseKeyJson } from "../../../src/fleet/clan/key-json.ts";
import { changeKeyJson, newKeyJson } from "../../../src/fleet/clan/write-key-json.ts";
import { unpackFixture } from "../memory-ground.ts";

const [A, B, C] = [makeAgeKey().recipient, makeAgeKey().recipient, makeAgeKey().recipient];
const PGP = "405FA82088A5D8BCBD68D1E8D5E5C04D4E3B9A11";
const age = (text: string) => ({ type: "age", text }) as const;
const bytes = (text: string) => Buffer.from(text);
const change = (old: string, remove: string[], add: string[]) =>
  Buffer.from(changeKeyJson(bytes(old), "sops/users/ada/key.json", { remove, add: add.map(age) })).toString();

test("A new key file is what clan writes: a list sorted by key, two blanks, no final line break", () => {
  const text = Buffer.from(newKeyJson([age(B), age(A), { type: "pgp", text: PGP }])).toString();
  const sorted = [A, B].sort();
  assert.equal(
    text,
    `[\n  {\n    "publickey": "${PGP}",\n    "type": "pgp"\n  },\n  {\n    "publickey": "${sorted[0]}",\n    "type": "age"\n  },\n  {\n    "publickey": "${sorted[1]}",\n    "type": "age"\n  }\n]`,
  );
});

test("Every key file that clan wrote keeps its bytes when nothing changes, and its layout when a key is replaced", () => {
  let seen = 0;
  for (const [path, content] of Object.entries(unpackFixture("golden/clan/sops-repo.tgz"))) {
    if (!/^sops\/(users|machines)\/[^/]+\/key\.json$/.test(path) || !(content instanceof Uint8Array)) continue;
    const old = Buffer.from(content as Uint8Array);
    assert.deepEqual(Buffer.from(changeKeyJson(old, path, { remove: [], add: [] })).toString(), old.toString(), path);
    const [key] = parseKeyJson(old).keys;
    assert.ok(key);
    const swapped = Buffer.from(changeKeyJson(old, path, { remove: [key.id], add: [age(C)] })).toString();
    if (parseKeyJson(old).keys.length === 1) assert.equal(swapped, old.toString().replace(key.text, C), path);
    seen++;
  }
  assert.ok(seen >= 4);
});

test("One object stays one object as long as it holds one key, with its fields, order and blanks", () => {
  assert.equal(change(`{"publickey":"${A}","type":"age"}`, [A], [B]), `{"publickey":"${B}","type":"age"}`);
  assert.equal(
    change(`{\n    "type": "age",\n    "note": "laptop",\n    "publickey": "${A}"\n}\n`, [A], [B]),
    `{\n    "type": "age",\n    "note": "laptop",\n    "publickey": "${B}"\n}\n`,
  );
  assert.ok(change(`{"publickey":"${A}","type":"age"}`, [], [B]).startsWith("["));
});

test("Further fields of the entries that stay are kept, and a key that is there already is not written twice", () => {
  const old = `[\n\t{ "publickey": "${A}", "type": "age", "comment": "yubikey" }\n]\n`;
  const next = change(old, [], [A, B]);
  assert.match(next, /"comment": "yubikey"/);
  assert.match(next, /^\[\n\t\{/);
  assert.ok(next.endsWith("]\n"));
  assert.deepEqual(
    parseKeyJson(bytes(next))
      .keys.map(({ id }) => id)
      .sort(),
    [A, B].sort(),
  );
});

test("What is not understood is not rewritten, and the last key does not go", () => {
  const refuses = (old: string, remove: string[], code: string) =>
    assert.throws(
      () => change(old, remove, []),
      (error: { code?: string }) => error.code === code,
    );
  refuses("[", [], "E_KEY_JSON");
  refuses(`[{"publickey":"${A}"}]`, [], "E_KEY_JSON");
  refuses(`[{"publickey":"nonsense","type":"age"}]`, [], "E_KEY_JSON");
  refuses(`[{"publickey":"${A}","type":"age"}]`, [A], "E_LAST_KEY");
});

test("Any set of keys, changed in any way, reads back as the set that is meant", () => {
  const pool = Array.from({ length: 6 }, () => makeAgeKey().recipient);
  const some = fc.uniqueArray(fc.constantFrom(...pool));
  fc.assert(
    fc.property(fc.uniqueArray(fc.constantFrom(...pool), { minLength: 1 }), some, some, (start, remove, add) => {
      const expected = new Set([...start.filter((key) => !remove.includes(key)), ...add]);
      fc.pre(expected.size > 0);
      const old = newKeyJson(start.map(age));
      const next = changeKeyJson(old, "key.json", { remove, add: add.map(age) });
      const read = parseKeyJson(next);
      assert.deepEqual(read.faults, []);
      assert.deepEqual(new Set(read.keys.map(({ id }) => id)), expected);
      assert.deepEqual(
        read.keys.map(({ id }) => id),
        [...expected].sort(),
      );
    }),
  );
});
