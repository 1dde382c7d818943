/** What rekeying refuses, whom it takes for the same reader, and the odd layouts that it keeps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openDataKey } from "../../src/sops/datakey.ts";
import { decryptFile } from "../../src/sops/decrypt-file.ts";
import { recipientsOf } from "../../src/sops/metadata.ts";
import { foreignKeys, type ReaderKey, type Rekeying } from "../../src/sops/rekey-file.ts";
import { golden, open, RECIPIENT_1, RECIPIENT_2, RECIPIENT_3 } from "./golden.ts";
import { age, blind, create, kms, type Noted, note, plainOf, reader, rekey, reopen } from "./noted-keys.ts";
import { ages, FINGERPRINT, groupsOf, hex, insertion, pgp, rekey as rekeyGolden } from "./rekeyed.ts";

const SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDR7bwEqUS2rsvf8LYocK7q1j5uT1NiRMFyFxLjXMDqN";

/** A document with an entry of a cloud's key service, and its text. */
async function withKms(format: "yaml" | "json", ...arns: string[]): Promise<Noted> {
  const { text, dataKey } = await create(format, age("age1a", "age1b"));
  const keys = arns.map((arn, i) => ({
    aws_profile: "",
    arn,
    created_at: "2026-01-02T03:04:05Z",
    enc: `AQ${i}==`,
    role: `r${i}`,
  }));
  const written =
    format === "json"
      ? text.replace('"lastmodified"', `"kms": ${JSON.stringify(keys)},\n\t\t"lastmodified"`)
      : text.replace(/^ {4}lastmodified/m, `    kms: ${JSON.stringify(keys)}\n    lastmodified`);
  const file = (await reopen(written, format)).file;
  return { file, dataKey, text: written };
}

async function refused(
  opened: Noted,
  more: Partial<Rekeying>,
  code: string,
): Promise<{ message: string; hint: string }> {
  let found: unknown;
  await assert.rejects(rekey(opened, more), (error) => {
    found = error;
    return (error as { code?: string }).code === code;
  });
  return found as { message: string; hint: string };
}

for (const format of ["yaml", "json"] as const) {
  test(`${format}: an entry of a key service stays as it is while readers come and go`, async () => {
    const opened = await withKms(format, kms().id);
    assert.deepEqual(
      foreignKeys(opened.file.metadata).map(({ id }) => id),
      [kms().id],
    );
    const more = await rekey(opened, { keyGroups: [[...age("age1a", "age1b", "age1c"), kms()]] });
    assert.ok(insertion(opened.text, more.text)?.includes("age1c"));
    const back = await rekey(more, { keyGroups: [[kms(), ...age("age1b", "age1a")]] });
    assert.equal(back.text, opened.text);
  });

  test(`${format}: two entries of one key service may differ in what is not looked at, so both stay`, async () => {
    const opened = await withKms(format, kms().id, kms().id);
    const more = await rekey(opened, { keyGroups: [[...age("age1a", "age1b", "age1c"), kms()]] });
    assert.equal(foreignKeys(more.file.metadata).length, 2);
    assert.ok(insertion(opened.text, more.text)?.includes("age1c"));
  });

  test(`${format}: a new data key is refused while a key service shall read, and made once it shall not`, async () => {
    const opened = await withKms(format, kms().id);
    const { message, hint } = await refused(opened, { freshDataKey: true }, "E_CANNOT_WRAP");
    assert.match(message, /kms arn:aws:kms/);
    assert.match(hint, /--keep-data-key/);
    assert.match(hint, /sops rotate/);
    const less = await rekey(opened, { keyGroups: [age("age1a")], freshDataKey: true });
    assert.deepEqual(groupsOf(less.file), [age("age1a")]);
    assert.doesNotMatch(less.text, /kms/);
  });
}

test("a key service that is not there yet is named, with the way to add it", async () => {
  const opened = await withKms("yaml", kms().id);
  const keyGroups = [[...age("age1a"), kms(), kms("arn:aws:kms:eu-west-1:1:key/b")]];
  const { message, hint } = await refused(opened, { keyGroups }, "E_CANNOT_WRAP");
  assert.match(message, /key\/b/);
  assert.doesNotMatch(message, /key\/a/);
  assert.match(hint, /sops updatekeys PATH/);
});

test("of many key services only some are listed, and nothing is sealed before the refusal", async () => {
  const opened = await create("yaml", age("age1a"));
  const many = Array.from({ length: 20 }, (_, i) => kms(`arn:${i}`));
  const seal = async (): Promise<string> => assert.fail("sealed");
  const { message } = await refused(opened, { keyGroups: [[...age("age1b"), ...many]], seal }, "E_CANNOT_WRAP");
  assert.match(message, /arn:7, 12 more/);
});

test("a key service cannot be in a group of a data key that is split here", async () => {
  const opened = await withKms("yaml", kms().id);
  await refused(opened, { keyGroups: [age("age1a"), [kms()]] }, "E_CANNOT_WRAP");
});

test("nobody at all, or nobody in one of the groups, is refused", async () => {
  const opened = await create("yaml", age("age1a"));
  for (const freshDataKey of [false, true]) {
    for (const keyGroups of [[], [[]], [age("age1a"), []]])
      await refused(opened, { keyGroups, freshDataKey }, "E_NO_RECIPIENTS");
  }
});

test("a data key is 32 bytes long, and this document's", async () => {
  const opened = await create("yaml", age("age1a"));
  for (const freshDataKey of [false, true]) {
    for (const length of [0, 16, 31, 33]) {
      await refused({ ...opened, dataKey: new Uint8Array(length) }, { freshDataKey }, "E_DATA_KEY");
    }
  }
  // Somebody put an entry with a data key of his own into the metadata: newcomers must not get that one.
  await refused({ ...opened, dataKey: new Uint8Array(32) }, { keyGroups: [age("age1a", "age1b")] }, "E_MAC_MISMATCH");
});

test("a document that was tampered with gets no new data key", async () => {
  const { text, dataKey } = await create("yaml", age("age1a"));
  const moved = await reopen(text.replace(/^data:.*\n/, ""), "yaml");
  await refused({ ...moved, dataKey }, { freshDataKey: true }, "E_MAC_MISMATCH");
  const bare = await reopen(text.replace(/^ {4}mac:.*\n/m, ""), "yaml");
  await refused(bare, { freshDataKey: true }, "E_MAC_MISSING");
  await refused(bare, { keyGroups: [age("age1b")] }, "E_MAC_MISMATCH");
});

test("what the sealing says, is said", async () => {
  const opened = await create("yaml", age("age1a"));
  const seal = async (): Promise<string> => {
    throw new TypeError("no");
  };
  await assert.rejects(rekey(opened, { keyGroups: [age("age1b")], seal }), TypeError);
});

test("an SSH key's comment, and case and blanks of a fingerprint, make no other reader", async () => {
  const spaced = FINGERPRINT.toLowerCase()
    .replace(/(.{4})/g, "$1 ")
    .trim();
  const readers: ReaderKey[] = [{ type: "age", id: `${SSH} ada@home` }, pgp(spaced)];
  const opened = await create("yaml", readers);
  for (const keyGroups of [
    [[{ type: "age", id: SSH } as const, pgp()]],
    [[pgp(), { type: "age", id: `  ${SSH} ada@work ` } as const, pgp(spaced)]],
  ]) {
    assert.equal((await rekey(opened, { keyGroups })).text, opened.text);
  }
  const renewed = await rekey(opened, { keyGroups: [[{ type: "age", id: SSH }, pgp()]], freshDataKey: true });
  assert.deepEqual(groupsOf(renewed.file), [[pgp(), { type: "age", id: SSH }]]);
});

test("a reader who is asked for twice comes once", async () => {
  const opened = await create("yaml", age("age1a"));
  for (const freshDataKey of [false, true]) {
    const more = await rekey(opened, { keyGroups: [age("age1b", "age1a", "age1b")], freshDataKey });
    assert.deepEqual(groupsOf(more.file), [age("age1a", "age1b")]);
  }
});

test("of a reader who stands there twice the first entry stays", async () => {
  const opened = await create("yaml", [...age("age1a", "age1b", "age1a"), pgp(), pgp()]);
  assert.equal(recipientsOf(opened.file.metadata).length, 5);
  const first = opened.file.metadata.keyGroups[0]?.find(({ id }) => id === "age1a")?.enc;
  const less = await rekey(opened, {});
  assert.deepEqual(groupsOf(less.file), [[pgp(), ...age("age1a", "age1b")]]);
  assert.equal(less.file.metadata.keyGroups[0]?.[1]?.enc, first);
  const split = await create("yaml", age("age1a", "age1a"), age("age1b"));
  assert.deepEqual(groupsOf((await rekey(split, {})).file), [age("age1a"), age("age1b")]);
});

test("a split data key: what stays the same is not touched; any change splits it anew", async () => {
  const groups = [age("age1a", "age1b"), age("age1c"), age("age1d")];
  const opened = await rekey(await create("yaml", age("age1a")), { keyGroups: groups, shamirThreshold: 2 });
  assert.equal((await rekey(opened, { shamirThreshold: 2 })).text, opened.text);
  assert.equal(
    (await rekey(opened, { keyGroups: groups.map((g) => g.toReversed()), shamirThreshold: 2 })).text,
    opened.text,
  );
  const encs = new Set(recipientsOf(opened.file.metadata).map(({ enc }) => enc));
  for (const more of [
    { keyGroups: [age("age1a"), age("age1c"), age("age1d")], shamirThreshold: 2 },
    { keyGroups: [...groups, age("age1e")], shamirThreshold: 2 },
    { keyGroups: groups.toReversed(), shamirThreshold: 2 },
    { shamirThreshold: 3 },
    { shamirThreshold: 0 },
    {},
  ]) {
    const changed = await rekey(opened, more);
    assert.ok(recipientsOf(changed.file.metadata).every(({ enc }) => !encs.has(enc)));
    assert.equal(changed.file.metadata.shamirThreshold, more.shamirThreshold || (more.keyGroups ?? groups).length);
    assert.equal(hex(changed.dataKey), hex(opened.dataKey));
    assert.equal(changed.file.metadata.mac, opened.file.metadata.mac);
  }
  for (const shamirThreshold of [1, 4, -1, 1.5]) await refused(opened, { shamirThreshold }, "E_SHAMIR");
});

test("a split data key: two of three groups open the document, one does not", async () => {
  const opened = await rekey(await create("json", age("age1a")), {
    keyGroups: [age("age1a"), age("age1b"), age("age1c")],
    shamirThreshold: 2,
    freshDataKey: true,
  });
  for (const lost of ["age1a", "age1b", "age1c"]) {
    assert.equal(hex(await openDataKey(opened.file, reader(lost))), hex(opened.dataKey));
  }
  await assert.rejects(openDataKey(opened.file, reader("age1a", "age1b")), { code: "E_NO_IDENTITY" });
});

test("a single group under key_groups comes out as flat lists", async () => {
  const { text } = await create("yaml", age("age1a"));
  const grouped = text.replace(
    /^ {4}age:\n((?: {8}.*\n)+)/m,
    (_, list: string) => `    key_groups:\n        - age:\n${list.replaceAll(/^/gm, "    ").trimEnd()}\n`,
  );
  const opened = await reopen(grouped, "yaml");
  assert.equal((await rekey(opened, {})).text, grouped);
  const more = await rekey(opened, { keyGroups: [age("age1a", "age1b")] });
  assert.deepEqual(groupsOf(more.file), [age("age1a", "age1b")]);
  assert.doesNotMatch(more.text, /key_groups|shamir/);
});

test("groups that stand unused beside flat lists go with the next change, and with them who is named there", async () => {
  const { text } = await create("yaml", age("age1a"));
  const beside = text.replace(
    /^ {4}lastmodified/m,
    "    key_groups:\n        - age:\n            - enc: x\n              recipient: age1hidden\n    lastmodified",
  );
  const opened = await reopen(beside, "yaml");
  assert.doesNotMatch((await rekey(opened, { keyGroups: [age("age1b")], freshDataKey: true })).text, /age1hidden/);
});

/** Layouts by hand and of old versions, each with what becomes of it when a PGP reader comes and goes. */
const LAYOUTS: readonly { readonly name: string; readonly from: RegExp; readonly to: string }[] = [
  { name: "pgp: null", from: /^ {4}unencrypted_suffix/m, to: "    pgp: null\n    kms: []\n    unencrypted_suffix" },
  { name: "pgp: []", from: /^ {4}unencrypted_suffix/m, to: "    pgp: []\n    kms: []\n    unencrypted_suffix" },
  {
    name: "pgp: ~, an empty text and a comment",
    from: /^ {4}unencrypted_suffix/m,
    to: '    # whose?\n    pgp: ~\n    kms: ""\n    unencrypted_suffix',
  },
  { name: "comments", from: /^ {4}(mac|unencrypted_suffix)/gm, to: "    # above $1\n    $1" },
  { name: "an unknown field", from: /^ {4}version/m, to: "    unknown: [1, 2]\n    version" },
];

for (const { name, from, to } of LAYOUTS) {
  for (const newline of ["\n", "\r\n"]) {
    test(`YAML with ${name}${newline === "\n" ? "" : " and CRLF"}: readers come and go, the rest stays`, async () => {
      const created = await create("yaml", age("age1a"));
      const text = created.text.replace(from, to).replaceAll("\n", newline);
      const opened = await reopen(text, "yaml", { open: async () => created.dataKey });
      const order = { freshDataKey: false };
      const more = await rekey(opened, { ...order, keyGroups: [[...age("age1a", "age1b"), pgp()]] });
      assert.deepEqual(groupsOf(more.file), [[pgp(), ...age("age1a", "age1b")]]);
      assert.equal(more.text.match(/^ *#/gm)?.length, text.match(/^ *#/gm)?.length);
      // A comment goes on standing above what it stood above.
      for (const [, key, below] of more.text.matchAll(/# above (\w+)\r?\n *(\w+)/g)) assert.equal(below, key);
      const back = await rekey(more, { ...order, keyGroups: [age("age1a")] });
      assert.deepEqual(groupsOf(back.file), [age("age1a")]);
      assert.deepEqual(back.file.stored.documents.length, 1);
      const kept = (all: string) => all.replaceAll(/(pgp:) .*/g, "$1");
      assert.equal(kept(back.text), kept(text));
      const renewed = await rekey(more, { keyGroups: [age("age1b")], freshDataKey: true });
      assert.equal(await plainOf(renewed), await plainOf(opened));
      assert.equal(renewed.text.includes("\r\n"), newline === "\r\n");
      assert.equal(renewed.text.match(/^ *#/gm)?.length, text.match(/^ *#/gm)?.length);
    });
  }
}

test("a list that is a single map becomes a list of two", async () => {
  const { text } = await create("json", age("age1a"));
  const single = text.replace(/"age": \[\s*(\{[^}]*\})\s*\]/, '"age": $1');
  assert.notEqual(single, text);
  const opened = await reopen(single, "json");
  assert.equal((await rekey(opened, {})).text, single);
  const seal = async (key: ReaderKey, dataKey: Uint8Array): Promise<string> => {
    assert.equal(key.id, "age1b");
    return note(key, dataKey);
  };
  const more = await rekey(opened, { keyGroups: [age("age1a", "age1b")], seal });
  assert.deepEqual(groupsOf(more.file), [age("age1a", "age1b")]);
});

test("an entry that goes does not leave its empty line to the block of the one before it", async () => {
  const { text } = await create("yaml", age("age1a", "age1b", "age1c"));
  const [head = "", a = "", b = "", c = "", tail = ""] = text.split(/(?<=recipient: age1.\n|age:\n)/);
  const keeps = a.replace(
    /- (enc: \|)([\s\S]*)( {10}recipient.*\n)/,
    (_, enc, lines, recipient) => `- ${recipient.trim()}\n          ${enc}+${lines}`,
  );
  const before = await reopen(`${head}${keeps}${b}\n${c}${tail}`, "yaml");
  const after = await rekey(before, { keyGroups: [age("age1a", "age1c")] });
  const [was, , last] = recipientsOf(before.file.metadata).map(({ enc }) => enc);
  assert.deepEqual(
    recipientsOf(after.file.metadata).map(({ enc }) => enc),
    [was, last],
  );
  assert.ok(after.text.startsWith(head));
});

test("what else stands in an entry stays there with a new data key, and so does the spelling", async () => {
  const { text } = await create("json", age("age1a", "age1b"));
  const named = text.replace('"recipient": "age1a"', '"name": "ada",\n\t\t\t\t"recipient": "\\u0061ge1a"');
  const renewed = await rekey(await reopen(named, "json"), { freshDataKey: true });
  assert.equal(blind(renewed.text), blind(named));
});

test("a JSON document in another layout keeps it, and a byte order mark stays in front", async () => {
  const { text } = await create("json", [...age("age1a", "age1b"), pgp()]);
  const compact = JSON.stringify(JSON.parse(text));
  const spaced = compact
    .replaceAll(/[:,]/g, (sign) => ` ${sign}`)
    .replaceAll(/ENC\[[^\]]*\]|"\d{4}-[^"]*"/g, (all) => all.replaceAll(/ (?=[:,])/g, ""));
  for (const layout of [compact, spaced]) {
    const opened = await reopen(layout, "json");
    const renewed = await rekey(opened, { freshDataKey: true, now: new Date("2031-01-02T03:04:05Z") });
    assert.equal(blind(renewed.text), blind(layout));
    const more = await rekey(opened, { keyGroups: [[...age("age1a", "age1b", "age1c"), pgp()]] });
    assert.ok(insertion(layout, more.text)?.includes("age1c"));
    assert.equal((await rekey(more, { keyGroups: groupsOf(opened.file) })).text, layout);
    // Two lists change at once.
    const other = await rekey(opened, { keyGroups: [[...age("age1a", "age1b", "age1c"), pgp(`${FINGERPRINT}0`)]] });
    assert.ok(other.text.endsWith(layout.slice(layout.indexOf("unencrypted_suffix"))));
  }
  for (const freshDataKey of [false, true]) {
    const marked = await rekey(await reopen(`\ufeff${text}`, "json"), { keyGroups: [age("age1b")], freshDataKey });
    assert.ok(marked.text.startsWith("\ufeff{"));
  }
});

test("real keys: a reader who went opens nothing of the new data key", async () => {
  const { bytes, format } = golden("comments_list-yaml/enc-3.13.2.yaml");
  const opened = await open(bytes, format);
  const renewed = await rekeyGolden(opened, [ages(RECIPIENT_1, RECIPIENT_3)], { freshDataKey: true });
  assert.deepEqual(groupsOf(renewed.file), [ages(RECIPIENT_1, RECIPIENT_3)]);
  assert.ok(!renewed.text.includes(RECIPIENT_2));
  await assert.rejects(decryptFile(renewed.file, opened.dataKey), { code: "E_VALUE_DAMAGED" });
});
