/** Keys that a plugin serves, among others: when they are asked, about what, and how often. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeBech32 } from "../../src/age/bech32.ts";
import type { DataKeyEntry } from "../../src/age/data-key.ts";
import { encryptTo, encryptWith } from "../../src/age/file.ts";
import { parseRecipient } from "../../src/age/recipient.ts";
import { SecretsError } from "../../src/errors.ts";
import { alice, asked, bob, dataKey, entryFor, keysTxt, locked, type Machine, start } from "./keyring-machine.ts";
import { of } from "./plugin/memory-plugin.ts";

/** A token: its public half, and the line of a key file that names it. */
function token(plugin: string, number: number) {
  const bytes = Buffer.alloc(8, number);
  return {
    recipient: encodeBech32(`age1${plugin}`, bytes),
    identity: encodeBech32(`age-plugin-${plugin}-`, bytes).toUpperCase(),
  };
}

const mine = token("yubikey", 1);
const other = token("yubikey", 2);
const hmac = token("fido2-hmac", 3);

/** Its stanza holds the file key in clear, and names whom it is for. */
const sealed = async (recipient: string, label = recipient): Promise<DataKeyEntry> => ({
  recipient: label,
  enc: await encryptWith(async (fileKey) => [{ args: ["t", recipient], body: Uint8Array.from(fileKey) }], dataKey),
});

/** Opens what is for the tokens whose identities it is given, or for those named; keeps a log of its sessions. */
function tokens(also: readonly string[] = []) {
  const sessions: string[] = [];
  const known = [mine, other, hmac];
  const { plugins } = of(async ({ told, say, write }) => {
    const given = told.filter(({ args }) => args[0] === "add-identity").map(({ args }) => args[1]);
    const own = [...known.filter(({ identity }) => given.includes(identity)).map((one) => one.recipient), ...also];
    const stanzas = told.filter(({ args }) => args[0] === "recipient-stanza");
    sessions.push(stanzas.map(({ args }) => (own.includes(args[3] ?? "") ? "own" : "other")).join(" "));
    for (const { args, body } of stanzas) {
      if (own.includes(args[3] ?? "")) await say(["file-key", args[1] ?? ""], body);
    }
    write("-> done\n\n");
  });
  return { plugins, sessions };
}

const withKeys = (text: string, more: Machine = {}) => ({ ...more, files: { [keysTxt]: text, ...more.files } });
const stated = (one: typeof mine) => `#    Recipient: ${one.recipient}\n${one.identity}\n`;

describe("a plugin's identity", () => {
  for (const [what, text, recipients] of [
    ["as age-plugin-yubikey writes it", stated(mine), [mine.recipient]],
    ["as clan and age-plugin-se write it", `# public key: ${mine.recipient}\n${mine.identity}`, [mine.recipient]],
    ["of a plugin with a hyphen", `# public key: ${hmac.recipient}\r\n${hmac.identity}`, [hmac.recipient]],
    [
      "with two of them",
      `# a: ${mine.recipient}\n# b: ${hmac.recipient}\n${mine.identity}`,
      [mine, hmac].map((one) => one.recipient),
    ],
    ["with a damaged one", `# public key: ${mine.recipient}x\n${mine.identity}`, []],
    ["with another key's", `# public key: ${mine.recipient}\n${alice.secret}\n${mine.identity}`, [alice.recipient]],
  ] as const) {
    it(`${what} is known by its comment`, async () => {
      const { keyring } = await start(withKeys(text, { plugins: tokens().plugins }));
      assert.deepEqual(keyring.recipients(), recipients);
    });
  }

  it("opens what is sealed to it, and is not said to open what is somebody else's", async () => {
    const { plugins } = tokens();
    const { keyring } = await start(withKeys(stated(mine), { plugins }));
    assert.deepEqual([keyring.canOpen(mine.recipient), keyring.canOpen(other.recipient)], [true, false]);
    assert.deepEqual([keyring.mayOpen(mine.recipient), keyring.mayOpen(other.recipient)], [false, false]);
    assert.deepEqual(await keyring.openDataKey(await sealed(mine.recipient)), dataKey);
  });

  it("without a comment may be any of its plugin, and is asked about those alone", async () => {
    const { plugins, sessions } = tokens();
    const { keyring } = await start(withKeys(mine.identity, { plugins }));
    assert.deepEqual([keyring.canOpen(mine.recipient), keyring.mayOpen(mine.recipient)], [false, true]);
    assert.deepEqual([keyring.mayOpen(hmac.recipient), keyring.mayOpen(alice.recipient)], [false, false]);
    assert.equal(await keyring.openDataKey(await sealed(hmac.recipient)), null);
    assert.deepEqual(sessions, []);
    assert.deepEqual(
      await keyring.openAnyDataKey([await sealed(other.recipient), await sealed(mine.recipient)]),
      dataKey,
    );
    assert.deepEqual(sessions, ["other", "own"]);
  });

  it("is asked first about what its comment says is its own", async () => {
    const { plugins, sessions } = tokens();
    const { keyring } = await start(withKeys(stated(mine), { plugins }));
    await keyring.openAnyDataKey([await sealed(other.recipient), await sealed(mine.recipient)]);
    assert.deepEqual(sessions, ["own"]);
  });

  it("whose comment is wrong opens all the same", async () => {
    const { plugins } = tokens();
    const text = `# public key: ${other.recipient}\n${mine.identity}\n`;
    const { keyring } = await start(withKeys(text, { plugins }));
    assert.deepEqual(await keyring.openDataKey(await sealed(mine.recipient)), dataKey);
  });

  it("proves nothing by its comment", async () => {
    const { keyring } = await start(withKeys(stated(mine) + alice.secret, { plugins: tokens().plugins }));
    assert.deepEqual(keyring.recipients(), [alice.recipient, mine.recipient]);
    assert.deepEqual(keyring.provenRecipients(), [alice.recipient]);
  });

  it("is asked about age1tag and about a native recipient that its comment names", async () => {
    const tag = encodeBech32("age1tag", Buffer.alloc(33, 2));
    for (const [recipient, text] of [
      [tag, mine.identity],
      [bob.recipient, `# public key: ${bob.recipient}\n${mine.identity}`],
    ] as const) {
      const { plugins } = tokens([recipient]);
      const { keyring } = await start(withKeys(text, { plugins }));
      assert.deepEqual(await keyring.openDataKey(await sealed(recipient)), dataKey);
    }
  });

  it("is named and not used where no plugin can be run", async () => {
    const { keyring } = await start(withKeys(stated(mine)));
    assert.equal(await keyring.openDataKey(await sealed(mine.recipient)), null);
    assert.deepEqual(keyring.places.find(({ found }) => found)?.plugins, ["yubikey"]);
  });
});

describe("a plugin comes last", () => {
  it("after every other key, wherever it stands, and whatever the entries are labelled", async () => {
    const { plugins, sessions } = tokens();
    const { keyring } = await start(withKeys(stated(mine) + alice.secret, { plugins }));
    await keyring.openAnyDataKey([await sealed(mine.recipient), await entryFor(alice.recipient)]);
    await keyring.openAnyDataKey([await sealed(mine.recipient), await entryFor(alice.recipient, bob.recipient)]);
    assert.deepEqual(sessions, []);
  });

  it("after a command, after a passphrase", async () => {
    const { plugins, sessions } = tokens();
    const { keyring, log } = await start({
      env: { SOPS_AGE_KEY_CMD: "keys" },
      files: { [keysTxt]: stated(mine), ".ssh/id_ed25519": locked.key },
      commands: { keys: bob.secret },
      plugins,
    });
    const ssh = { recipient: locked.recipient, enc: await encryptTo([parseRecipient(locked.line)], dataKey) };
    const forMe = await sealed(mine.recipient);
    assert.deepEqual(await keyring.openAnyDataKey([forMe, await entryFor(bob.recipient)]), dataKey);
    assert.deepEqual(sessions, []);
    assert.deepEqual(await keyring.openAnyDataKey([forMe, ssh]), dataKey);
    assert.deepEqual(asked(log), ["run keys", "ask the SSH key ~/.ssh/id_ed25519"]);
    assert.deepEqual(sessions, ["own"]);
  });
});

describe("many documents", () => {
  it("are one session, and what was answered is not asked again", async () => {
    const { plugins, sessions } = tokens();
    const { keyring } = await start(withKeys(stated(mine) + alice.secret, { plugins }));
    const documents = await Promise.all(
      Array.from({ length: 200 }, async (_, i) =>
        i % 2 === 0
          ? [await sealed(other.recipient), await sealed(mine.recipient)]
          : [await sealed(mine.recipient), await entryFor(alice.recipient)],
      ),
    );
    await keyring.askPlugins(documents);
    for (const document of documents) assert.deepEqual(await keyring.openAnyDataKey(document), dataKey);
    assert.deepEqual(sessions, [Array(100).fill("own").join(" ")]);
  });

  it("cost nothing where no plugin could open one", async () => {
    const { plugins, sessions } = tokens();
    const { keyring, log } = await start(
      withKeys(stated(mine), { env: { SOPS_AGE_KEY_CMD: "keys" }, commands: { keys: bob.secret }, plugins }),
    );
    await keyring.askPlugins([[await entryFor(alice.recipient)], [await entryFor(bob.recipient)]]);
    assert.deepEqual([sessions, asked(log)], [[], []]);
  });
});

it("Ctrl-C at a plugin's question ends the run, and no other key is tried", async () => {
  const stop = new SecretsError("E_INTERRUPTED", "stopped", { kind: "interrupted" });
  const { plugins, starts } = of(async ({ say }) => void (await say(["request-secret"], Buffer.from("PIN"))), {
    ask: () => Promise.reject(stop),
  });
  const { keyring } = await start(withKeys(stated(mine) + stated(hmac), { plugins }));
  const document = [await sealed(mine.recipient), await sealed(hmac.recipient)];
  await assert.rejects(keyring.openAnyDataKey(document), { code: "E_INTERRUPTED" });
  await assert.rejects(keyring.askPlugins([document, document]), { code: "E_INTERRUPTED" });
  assert.equal(starts(), 1);
});
