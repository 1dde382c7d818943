import assert from "node:assert/strict";
import { test } from "node:test";
import { entriesOfAgeFile, entryOfSshKey } from "../../../src/actions/key/import-keys.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { encodeBech32 } from "../../../src/age/bech32.ts";
import { parseIdentities } from "../../../src/age/identity.ts";
import { formatEntry } from "../../../src/age/key-list.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";

const { identity, recipient } = makeAgeKey();
const nobody = async () => assert.fail("nobody is asked");
const input = (text: string, origin = "~/a.txt") => ({ name: "a.txt", origin, bytes: Buffer.from(text) });

test("an entry says where its key is from, and keeps what was said above it", async () => {
  const text = `# created: 2026-01-01\n#\n# Public Key: ${recipient}\n${identity}\n`;
  const [entry] = await entriesOfAgeFile(input(text), "2026-03-01", nobody);
  assert.equal(
    formatEntry(entry ?? assert.fail()),
    `# from ~/a.txt, 2026-03-01\n# created: 2026-01-01\n# public key: ${recipient}\n${identity}\n`,
  );
});

test("what a plugin's identity is called stays above it, for nothing else tells", async () => {
  const plugin = encodeBech32("age-plugin-yubikey-", Buffer.alloc(8)).toUpperCase();
  const stated = encodeBech32("age1yubikey", Buffer.alloc(33, 1));
  for (const word of ["Recipient", "public key"]) {
    const text = `#       Serial: 12, Slot: 1\n#    ${word}: ${stated}\n${plugin}\n`;
    const [entry] = await entriesOfAgeFile(input(text), "2026-03-01", nobody);
    const { plugins } = await parseIdentities(formatEntry(entry ?? assert.fail()), "keys");
    assert.deepEqual(
      plugins.map((one) => [one.text, one.stated]),
      [[plugin, [stated]]],
    );
  }
});

test("a name with a line break in it begins no line of the key file", async () => {
  const origin = "a\nAGE-SECRET-KEY-1\u2028\r\0b";
  const [entry] = await entriesOfAgeFile(
    input(`# a\u0000b\n${identity}`.replace("\u0000", "\u0001"), origin),
    "x",
    nobody,
  );
  assert.deepEqual(entry?.comments, ["from a?AGE-SECRET-KEY-1???b, x"]);
  const ssh = input(makeSshKeyPair("a").privateKey, origin);
  assert.deepEqual((await entryOfSshKey(ssh, "x", nobody)).comments, ["from ssh key a?AGE-SECRET-KEY-1???b, x"]);
});
