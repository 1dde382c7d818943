/** Other readers and other data keys for the documents that real sops 3.9.4, 3.12.2 and 3.13.2 wrote. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decryptFile } from "../../src/sops/decrypt-file.ts";
import { plainBytes } from "../../src/sops/plain-text.ts";
import type { ReaderKey } from "../../src/sops/rekey-file.ts";
import { goldenFiles, open, RECIPIENT_1, RECIPIENT_2, RECIPIENT_3 } from "./golden.ts";
import { ages, blind, groupsOf, hex, insertion, NOW, parts, pgp, rekey } from "./rekeyed.ts";

const ALL = [RECIPIENT_1, RECIPIENT_2, RECIPIENT_3];
const files = goldenFiles();
const flat = files.filter(({ name }) => !name.startsWith("shamir/"));

function ciphertexts(text: string): string[] {
  return text.match(/ENC\[[^\]]+\]/g) ?? [];
}

/** Up to 3.9 there is an empty list of PGP keys already; what makes room for the first one is not an insertion. */
function filling(text: string, { type }: ReaderKey): string {
  return type === "pgp" ? text.replaceAll(/^( +pgp:) \[\]$/gm, "$1").replace(/("pgp": )null,/, "$1,") : text;
}

/** The lines of a document in no order, without what parts them. */
function lines(text: string): string[] {
  return blind(text)
    .split("\n")
    .map((line) => line.replace(/^[ \t]*(- )?/, "").replace(/,$/, ""))
    .sort();
}

for (const { name, bytes, format } of flat) {
  const text = bytes.toString("utf8");

  test(`${name}: who comes costs one entry and no other byte; when gone again, none at all`, async () => {
    const first = await open(bytes, format);
    const readers = groupsOf(first.file)[0] ?? [];
    const present = new Set(readers.map(({ id }) => id));
    const stranger = ALL.find((id) => !present.has(id));
    const comers = stranger === undefined ? [pgp()] : [ages(stranger)[0] ?? pgp(), pgp()];
    for (const comer of comers) {
      const more = await rekey(first, [[...readers, comer]]);
      assert.deepEqual(new Set(groupsOf(more.file)[0]), new Set([...readers, comer]));
      const [before, after] = [parts(filling(text, comer), format), parts(more.text, format)];
      assert.equal(after.length, before.length);
      for (const [i, part] of before.entries()) {
        const come = insertion(part, after[i] ?? "");
        assert.ok(come !== undefined, after[i]);
        assert.match(come, comer.type === "pgp" ? /BEGIN PGP/ : /BEGIN AGE/);
        const place = /^\s*(sops_|")?mac\b.*\n(\s*mac_only_encrypted.*\n)?\s*(sops_|")?pgp/m;
        if (comer.type === "pgp" && format !== "ini") assert.match(after[i] ?? "", place);
      }
      assert.equal((await rekey(more, [readers])).text, text);
    }
    const both = await rekey(first, [[...comers, ...readers]]);
    assert.equal((await rekey(both, [readers])).text, text);
  });

  test(`${name}: who goes takes one entry along, and is put at the end on coming back`, async () => {
    const first = await open(bytes, format);
    const [gone, ...rest] = groupsOf(first.file)[0] ?? [];
    if (gone === undefined || rest.length === 0) return;
    const less = await rekey(first, [rest]);
    assert.deepEqual(groupsOf(less.file), [rest]);
    assert.ok(!less.text.includes(gone.id));
    assert.deepEqual(ciphertexts(less.text), ciphertexts(text));
    const again = await rekey(less, [[gone, ...rest]]);
    assert.deepEqual(groupsOf(again.file), [[...rest, gone]]);
    // Line by line as before, each entry with its fields in the order that this version of sops has them in.
    const nameless = (all: string) => blind(all).replaceAll(/age1[0-9a-z]+/g, "age1");
    if (format !== "ini") assert.equal(nameless(again.text), nameless(text));
  });

  test(`${name}: the readers that it has already change nothing, in whatever order`, async () => {
    const first = await open(bytes, format);
    const readers = groupsOf(first.file)[0] ?? [];
    assert.equal((await rekey(first, [readers.toReversed()])).text, text);
    assert.equal((await rekey(first, [[...readers, ...readers]])).text, text);
  });
}

for (const { name, bytes, format } of files) {
  const text = bytes.toString("utf8");

  test(`${name}: a new data key leaves the content and the layout, and nothing of the ciphertext`, async () => {
    const first = await open(bytes, format);
    const { metadata } = first.file;
    const renewed = await rekey(first, groupsOf(first.file), {
      freshDataKey: true,
      shamirThreshold: metadata.shamirThreshold,
    });
    assert.deepEqual(plainBytes(format, renewed.documents), plainBytes(format, first.documents));
    assert.equal(blind(renewed.text), blind(text));
    const old = new Set(ciphertexts(text));
    assert.ok(old.size > 0);
    assert.deepEqual(
      ciphertexts(renewed.text).filter((value) => old.has(value)),
      [],
    );
    for (const key of metadata.keyGroups.flat())
      assert.ok(!renewed.file.metadata.keyGroups.flat().some(({ enc }) => enc === key.enc));
    assert.notEqual(hex(renewed.dataKey), hex(first.dataKey));
    await assert.rejects(decryptFile(renewed.file, first.dataKey), { code: "E_VALUE_DAMAGED" });
    const { selector, macOnlyEncrypted, version, lastModified, shamirThreshold } = renewed.file.metadata;
    assert.deepEqual(
      { selector, macOnlyEncrypted, version, shamirThreshold },
      {
        selector: metadata.selector,
        macOnlyEncrypted: metadata.macOnlyEncrypted,
        version: metadata.version,
        shamirThreshold: metadata.shamirThreshold,
      },
    );
    assert.equal(lastModified, NOW.toISOString().replace(".678", ""));
  });

  test(`${name}: one group becomes three, and one again`, async () => {
    const first = await open(bytes, format);
    const split = await rekey(
      first,
      ALL.map((id) => ages(id)),
      { shamirThreshold: 2 },
    );
    assert.deepEqual(
      groupsOf(split.file),
      ALL.map((id) => ages(id)),
    );
    assert.equal(split.file.metadata.shamirThreshold, 2);
    assert.equal(hex(split.dataKey), hex(first.dataKey));
    const { mac, lastModified } = first.file.metadata;
    assert.deepEqual([split.file.metadata.mac, split.file.metadata.lastModified], [mac, lastModified]);
    assert.deepEqual(ciphertexts(split.text), ciphertexts(text));
    const whole = await rekey(split, [groupsOf(first.file).flat()]);
    if (name.startsWith("shamir/")) return;
    // With nothing of the kind left to follow, an entry is written as sops writes it today: its fields in another order.
    assert.deepEqual(lines(whole.text), lines(text));
    if (!name.includes("3.12.2") && format !== "ini") assert.equal(blind(whole.text), blind(text));
  });
}
