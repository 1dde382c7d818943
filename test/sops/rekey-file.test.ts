/** Which readers a document has after rekeying, in every format. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SecretsError } from "../../src/errors.ts";
import { createFile } from "../../src/sops/create-file.ts";
import { recipientsOf } from "../../src/sops/metadata.ts";
import { type ReaderKey, rekeyFile } from "../../src/sops/rekey-file.ts";
import { age, blind, create, note, plainOf, rekey, reopen } from "./noted-keys.ts";
import { FINGERPRINT, groupsOf, hex, insertion, NOW, pgp } from "./rekeyed.ts";
import { documentOf, FORMATS } from "./trees.ts";

for (const format of FORMATS) {
  test(`${format}: the first reader of a type, and a group more or less, stand where a new document has them`, async () => {
    const layouts: ReaderKey[][][] = [
      [age("age1a")],
      [[pgp()]],
      [[...age("age1a", "age1b"), pgp()]],
      [age("age1a"), [pgp(), ...age("age1b")], [pgp()]],
      [[pgp()], age("age1b"), [pgp(), ...age("age1c")], age("age1d")],
    ];
    for (const from of layouts) {
      for (const to of layouts) {
        const rekeyed = await rekey(await create(format, ...from), { keyGroups: to });
        assert.equal(blind(rekeyed.text), blind((await create(format, ...to)).text), JSON.stringify([from, to]));
      }
    }
  });

  test(`${format}: more than ten readers stay numbered without a gap when some go`, async () => {
    const ids = Array.from({ length: 12 }, (_, i) => `age1reader${i}`);
    const opened = await create(format, age(...ids));
    for (const gone of [[0], [11], [3, 4, 10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]) {
      const rest = age(...ids.filter((_, i) => !gone.includes(i)));
      const less = await rekey(opened, { keyGroups: [rest] });
      assert.equal(blind(less.text), blind((await create(format, rest)).text));
      assert.equal(less.text.includes(`list_${rest.length}__`), false);
    }
  });

  test(`${format}: thousands of entries are read and rewritten in bounded time`, async () => {
    const opened = await create(format, age(...Array.from({ length: 5000 }, (_, i) => `age1reader${i}`)));
    const started = performance.now();
    const less = await rekey(opened, { keyGroups: [age("age1reader4999", "age1reader7", "age1new")] });
    const more = await rekey(opened, { keyGroups: [[...(groupsOf(opened.file)[0] ?? []), ...age("age1new")]] });
    assert.ok(performance.now() - started < 10_000, `${performance.now() - started}`);
    assert.deepEqual(groupsOf(less.file), [age("age1reader7", "age1reader4999", "age1new")]);
    assert.equal(recipientsOf(more.file.metadata).length, 5001);
  });

  test(`${format}: whoever comes and goes, the content stays, and so do the entries of those who stay`, async () => {
    const someReader = fc.oneof(
      fc.integer({ min: 0, max: 7 }).map((i): ReaderKey => ({ type: "age", id: `age1reader${i}` })),
      fc.integer({ min: 0, max: 2 }).map((i) => pgp(`${FINGERPRINT.slice(1)}${i}`)),
    );
    const someReaders = fc.uniqueArray(someReader, { minLength: 1, maxLength: 8, selector: ({ id }) => id });
    const step = fc.record({
      keyGroups: fc.oneof(fc.tuple(someReaders), fc.array(someReaders, { minLength: 2, maxLength: 4 })),
      freshDataKey: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        documentOf(format),
        someReaders,
        fc.array(step, { minLength: 1, maxLength: 4 }),
        async (document, first, steps) => {
          const keyGroups = [first] as { type: "age" | "pgp"; id: string }[][];
          const created = await createFile({ format, documents: [document], keyGroups, now: NOW, seal: note });
          let now = await reopen(created, format);
          const plain = await plainOf(now);
          for (const { keyGroups, freshDataKey } of steps) {
            const before = now;
            now = await rekey(before, { keyGroups, freshDataKey });
            const sets = (groups: readonly (readonly ReaderKey[])[]) => groups.map((group) => new Set(group));
            assert.deepEqual(sets(groupsOf(now.file)), sets(keyGroups));
            assert.equal(await plainOf(now), plain);
            assert.equal(hex(now.dataKey) === hex(before.dataKey), !freshDataKey);
            const { metadata } = before.file;
            if (freshDataKey) continue;
            assert.equal(now.file.metadata.mac, metadata.mac);
            if (keyGroups.length > 1 || metadata.keyGroups.length > 1) continue;
            const was = new Map(recipientsOf(metadata).map(({ id, enc }) => [id, enc]));
            for (const { id, enc } of recipientsOf(now.file.metadata)) assert.equal(enc, was.get(id) ?? enc);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  test(`${format}: an id that would break out of its place is refused, or stands there as it is`, async () => {
    const id = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
      fc
        .array(
          fc.constantFrom(
            ...[
              "age1",
              "\n",
              "\\n",
              "\r",
              '"""',
              "`",
              "=",
              "#",
              ";",
              " ",
              "__map_enc",
              "sops_mac=x",
              "[sops]",
              "]",
              "\u2028",
            ],
            ...["- ", ": ", "*a", "&a", "'", '"', "\\", "{", "\0", "\ud800", "ENC[", "\u0085", "\ufeff", "---", "<<"],
          ),
          { minLength: 1, maxLength: 6 },
        )
        .map((all) => all.join("")),
    );
    const opened = await create(format, age("age1a", "age1b"));
    await fc.assert(
      fc.asyncProperty(id, id, fc.constantFrom("age", "pgp"), async (hostile, enc, type) => {
        const keyGroups: ReaderKey[][] = [[...age("age1a"), { type, id: hostile }]];
        const order = { keyGroups, freshDataKey: false, now: NOW, seal: async () => enc };
        let written: string;
        try {
          written = (await rekeyFile(opened.file, opened.dataKey, order)).text;
        } catch (error) {
          assert.ok(error instanceof SecretsError, String(error));
          assert.equal(error.code, "E_NOT_REPRESENTABLE");
          return;
        }
        const { file } = await reopen(written, format);
        const found = recipientsOf(file.metadata);
        assert.equal(found.length, 2);
        assert.ok(found.some((key) => key.id === hostile && key.enc === enc && key.type === type));
        assert.equal(await plainOf(await reopen(written, format)), await plainOf(opened));
      }),
      { numRuns: 60 },
    );
  });
}

for (const format of ["dotenv", "ini"] as const) {
  test(`${format}: metadata lines in any order keep it, as old versions wrote them sorted as text or at random`, async () => {
    const opened = await create(format, [...age(...Array.from({ length: 11 }, (_, i) => `age1reader${i}`)), pgp()]);
    const isMetadata = format === "ini" ? /^(age|lastm|mac|pgp|unenc|version)/ : /^sops_/;
    const lines = opened.text.split("\n");
    const own = lines.filter((line) => isMetadata.test(line));
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(own, { minLength: own.length }), async (shuffled) => {
        const order = shuffled.values();
        const text = lines.map((line) => (isMetadata.test(line) ? order.next().value : line)).join("\n");
        const first = await reopen(text, format);
        const readers = groupsOf(first.file)[0] ?? [];
        const more = await rekey(first, { keyGroups: [[...readers, ...age("age1new")]] });
        assert.ok(insertion(text, more.text)?.includes("age1new"));
        assert.equal((await rekey(more, { keyGroups: [readers] })).text, text);
        const less = await rekey(first, { keyGroups: [readers.slice(0, 5)] });
        assert.deepEqual(groupsOf(less.file), [readers.slice(0, 5)]);
      }),
      { numRuns: 20 },
    );
  });
}
