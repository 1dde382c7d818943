import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { encodeBech32 } from "../../src/age/bech32.ts";
import { parseIdentities } from "../../src/age/identity.ts";
import { readIdentityLines } from "../../src/age/identity-lines.ts";
import { formatEntry, growKeyList, type KeyEntry } from "../../src/age/key-list.ts";
import { ownKeyPlace } from "../../src/age/own-key-place.ts";

const { identity, recipient } = makeAgeKey();
const ENTRY: KeyEntry = { identity, recipients: [recipient], comments: ["from here"] };
const TEXT = `# from here\n# public key: ${recipient}\n${identity}\n`;
const PLUGIN = encodeBech32("age-plugin-yubikey-", Buffer.alloc(8)).toUpperCase();

test("an entry is what age-keygen writes, with what it is about above it", () => {
  assert.equal(formatEntry(ENTRY), TEXT);
  assert.equal(formatEntry({ identity: PLUGIN, recipients: [], comments: [] }), `${PLUGIN}\n`);
});

for (const [name, before, gap] of [
  ["no file", undefined, ""],
  ["an empty one", "", ""],
  ["a line without its break", `# mine\n${makeAgeKey().identity}`, "\n"],
  ["CRLF", `# mine\r\n${makeAgeKey().identity}\r\n`, ""],
  ["comments and blank lines alone", "\n#\n\n", ""],
  ["a line that is no key", "what is this\n", ""],
] as const) {
  test(`what stands there stays byte for byte: ${name}`, async () => {
    const now = before === undefined ? undefined : Buffer.from(before);
    const { bytes, added, known } = await growKeyList(now, [ENTRY], "keys.txt");
    assert.equal(Buffer.from(bytes ?? []).toString(), `${before ?? ""}${gap}${TEXT}`);
    assert.deepEqual([added.length, known.length], [1, 0]);
  });
}

test("a key is added once, however it is spelled there", async () => {
  for (const now of [TEXT, `${identity}\r\n`, `  ${identity}`, `# x\n${PLUGIN}\n${identity}`]) {
    const grown = await growKeyList(Buffer.from(now), [ENTRY], "keys.txt");
    assert.deepEqual([grown.bytes, grown.added, grown.known], [undefined, [], [ENTRY]]);
  }
  const twice = await growKeyList(undefined, [ENTRY, ENTRY], "keys.txt");
  assert.equal(Buffer.from(twice.bytes ?? []).toString(), TEXT);
  const plugin = { identity: PLUGIN, recipients: [], comments: [] };
  assert.equal((await growKeyList(Buffer.from(`${PLUGIN}\n`), [plugin], "keys.txt")).bytes, undefined);
});

test("however a list grows, every key that was added is read back, and the old bytes are its start", async () => {
  const lines = fc.array(fc.constantFrom("", "# c", "\r", identity, "junk"), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(lines, fc.boolean(), fc.nat({ max: 3 }), async (start, ended, count) => {
      const old = Buffer.from(start.join("\n") + (ended ? "\n" : ""));
      const keys = Array.from({ length: count }, makeAgeKey);
      const entries = keys.map((key) => ({ identity: key.identity, recipients: [key.recipient], comments: [] }));
      const { bytes } = await growKeyList(old, entries, "keys.txt");
      const next = Buffer.from(bytes ?? old);
      assert.ok(next.subarray(0, old.length).equals(old));
      const { identities } = await parseIdentities(next.toString(), "keys.txt");
      const found = new Set(identities.flatMap(({ recipients }) => recipients));
      for (const key of keys) assert.ok(found.has(key.recipient));
    }),
    { numRuns: 30 },
  );
});

test("what is no list of identities is left alone, and not a word of it is told", async () => {
  for (const now of [
    "age-encryption.org/v1\n-> scrypt hushhush",
    "-----BEGIN AGE ENCRYPTED FILE-----\nhushhush",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nhushhush",
    "PuTTY-User-Key-File-3: hushhush",
    "hush\0hush",
  ]) {
    await assert.rejects(growKeyList(Buffer.from(now), [ENTRY], "keys.txt"), (error: Error & { code?: string }) => {
      assert.equal(error.code, "E_KEY_FILE");
      assert.doesNotMatch(JSON.stringify([error.message, error]), /hush/);
      return true;
    });
  }
});

test("identities are taken over with the comments right above them", async () => {
  const text = `# alone\n\n# Serial: 12\n# Slot: 1\n ${PLUGIN} \r\n${identity}\n`;
  assert.deepEqual(await readIdentityLines(text, "x"), [
    { identity: PLUGIN, recipients: [], plugin: "yubikey", comments: ["# Serial: 12", "# Slot: 1"] },
    { identity, recipients: [recipient], comments: [] },
  ]);
  await assert.rejects(readIdentityLines(`${identity}\n${identity.slice(0, -1)}A\n`, "x"), { code: "E_IDENTITY" });
});

test("new keys go where sops reads them", () => {
  const place = (env: Record<string, string>, platform: NodeJS.Platform, home: string | undefined = "/home/ada") =>
    ownKeyPlace({ env, platform, home }).path;
  assert.equal(place({}, "linux"), "/home/ada/.config/sops/age/keys.txt");
  assert.equal(place({ SOPS_AGE_KEY_FILE: "/k" }, "linux", undefined), "/k");
  assert.equal(place({ SOPS_AGE_KEY_FILE: "" }, "linux"), "/home/ada/.config/sops/age/keys.txt");
  assert.equal(place({ XDG_CONFIG_HOME: "/cfg" }, "linux"), "/cfg/sops/age/keys.txt");
  assert.equal(place({ XDG_CONFIG_HOME: "cfg" }, "linux"), "/home/ada/.config/sops/age/keys.txt");
  assert.equal(place({}, "darwin"), "/home/ada/Library/Application Support/sops/age/keys.txt");
  assert.equal(place({ XDG_CONFIG_HOME: "/cfg" }, "darwin"), "/cfg/sops/age/keys.txt");
  assert.throws(() => place({}, "linux", ""), { code: "E_NO_HOME" });
});
