/** The keyring over a made-up machine: files, variables, commands and a person who answers or does not. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Encrypter } from "age-encryption";
import { encodeArmor } from "../../src/age/armor.ts";
import { encodeBech32 } from "../../src/age/bech32.ts";
import type { DataKeyEntry } from "../../src/age/data-key.ts";
import { encryptTo } from "../../src/age/file.ts";
import { type Keyring, loadKeyring } from "../../src/age/keyring.ts";
import { parseRecipient, recipientId } from "../../src/age/recipient.ts";
import { SecretsError } from "../../src/errors.ts";

const fixtures = new URL("../../fixtures/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, fixtures), "utf8");

const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => {
  const text = read(`golden/clan/keys/${name}.txt`);
  return { text, secret: text.trim().split("\n").at(-1) ?? "", recipient: /public key: (\S+)/.exec(text)?.[1] ?? "" };
}) as [Person, Person, Person];

interface Person {
  readonly text: string;
  readonly secret: string;
  readonly recipient: string;
}

const converted: Record<string, { recipient: string }> = JSON.parse(read("age/ssh-to-age.json"));
const ssh = (name: string) => ({
  key: read(`age/ssh/${name}`),
  recipient: recipientId(read(`age/ssh/${name}.pub`)),
  line: read(`age/ssh/${name}.pub`).trim(),
  derived: converted[`age/ssh/${name}`]?.recipient ?? "",
});
const plain = ssh("ed25519");
const locked = ssh("ed25519-aes256-ctr");
const rsa = ssh("rsa3072");

interface Machine {
  readonly env?: Record<string, string>;
  /** By path below the home, or absolute. A value `null` cannot be read. */
  readonly files?: Record<string, string | null>;
  readonly commands?: Record<string, string>;
  readonly passphrases?: Record<string, string>;
  readonly platform?: NodeJS.Platform;
  readonly home?: string | null;
}

async function start(machine: Machine): Promise<{ keyring: Keyring; log: string[] }> {
  const log: string[] = [];
  const files = new Map(
    Object.entries(machine.files ?? {}).map(([path, text]) => [path.startsWith("/") ? path : `/home/x/${path}`, text]),
  );
  const keyring = await loadKeyring({
    env: machine.env ?? {},
    home: machine.home === null ? undefined : "/home/x",
    platform: machine.platform ?? "linux",
    async readFile(path) {
      log.push(`read ${path}`);
      const text = files.get(path);
      if (text === null) throw new Error("EACCES: hunter2");
      return text === undefined ? null : Buffer.from(text);
    },
    async runCommand(argv) {
      log.push(`run ${argv.join("|")}`);
      const output = machine.commands?.[argv[0] ?? ""];
      if (output === undefined) throw new Error(`${argv[0]} failed: hunter2`);
      return Buffer.from(output);
    },
    async askPassphrase(what) {
      log.push(`ask ${what}`);
      return machine.passphrases?.[what] ?? null;
    },
  });
  return { keyring, log };
}

const dataKey = Buffer.alloc(32, 7);
const entryFor = async (recipient: string, label = recipient): Promise<DataKeyEntry> => ({
  recipient: label,
  enc: await encryptTo([parseRecipient(recipient)], dataKey),
});
const asked = (log: readonly string[]) => log.filter((line) => !line.startsWith("read"));
const keysTxt = ".config/sops/age/keys.txt";

const places: readonly [name: string, machine: Machine, recipients: readonly string[]][] = [
  ["SOPS_AGE_KEY", { env: { SOPS_AGE_KEY: `${alice.secret} ${bob.secret}` } }, [alice.recipient, bob.recipient]],
  ["SOPS_AGE_KEY_FILE", { env: { SOPS_AGE_KEY_FILE: "/k" }, files: { "/k": alice.text } }, [alice.recipient]],
  [
    "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
    { env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: "/k" }, files: { "/k": plain.key } },
    [plain.recipient, plain.derived],
  ],
  ["~/.config/sops/age/keys.txt", { files: { [keysTxt]: alice.text } }, [alice.recipient]],
  [
    "$XDG_CONFIG_HOME/sops/age/keys.txt",
    { env: { XDG_CONFIG_HOME: "/xdg" }, files: { "/xdg/sops/age/keys.txt": alice.text } },
    [alice.recipient],
  ],
  [
    "~/.config/sops/age/keys.txt",
    { env: { XDG_CONFIG_HOME: "" }, files: { [keysTxt]: alice.text } },
    [alice.recipient],
  ],
  [
    "~/.config/sops/age/keys.txt",
    { env: { XDG_CONFIG_HOME: "relative" }, files: { [keysTxt]: alice.text } },
    [alice.recipient],
  ],
  [
    "~/Library/Application Support/sops/age/keys.txt",
    { platform: "darwin", files: { "Library/Application Support/sops/age/keys.txt": alice.text } },
    [alice.recipient],
  ],
  ["~/.config/sops/age/keys.txt", { platform: "darwin", files: { [keysTxt]: alice.text } }, [alice.recipient]],
  [
    "~/Library/Application Support/sops/age/keys.txt",
    {
      platform: "darwin",
      env: { XDG_CONFIG_HOME: "/xdg" },
      files: { "Library/Application Support/sops/age/keys.txt": alice.text },
    },
    [alice.recipient],
  ],
  ["AGE_KEY", { env: { AGE_KEY: alice.secret } }, [alice.recipient]],
  ["AGE_KEYFILE", { env: { AGE_KEYFILE: "/k" }, files: { "/k": alice.text } }, [alice.recipient]],
  ["~/.config/age/identities", { files: { ".config/age/identities": alice.text } }, [alice.recipient]],
  ["~/.age/key.txt", { files: { ".age/key.txt": alice.text } }, [alice.recipient]],
  ["~/.ssh/id_ed25519", { files: { ".ssh/id_ed25519": plain.key } }, [plain.recipient, plain.derived]],
  ["~/.ssh/id_ed25519", { files: { ".ssh/id_ed25519": locked.key } }, [locked.recipient, locked.derived]],
  ["~/.ssh/id_rsa", { files: { ".ssh/id_rsa": rsa.key } }, [rsa.recipient]],
];

for (const [name, machine, recipients] of places) {
  test(`finds ${recipients.length} key(s) in ${name} ${JSON.stringify(machine.env ?? {}).slice(0, 40)} ${machine.platform ?? ""}`, async () => {
    const { keyring, log } = await start(machine);
    const place = keyring.places.find((candidate) => candidate.name === name);
    assert.deepEqual([place?.found, place?.identities, place?.problem], [true, recipients, undefined]);
    assert.deepEqual(keyring.recipients(), recipients);
    for (const recipient of recipients) assert.ok(keyring.canOpen(`${recipient} `));
    assert.ok(!keyring.canOpen(carol.recipient));
    assert.deepEqual(asked(log), []);
    assert.equal(new Set(log).size, log.length, "a place was read twice");
    if (place?.name === "~/.ssh/id_ed25519" && recipients[0] === locked.recipient) return;
    for (const recipient of recipients)
      assert.deepEqual(Buffer.from((await keyring.openDataKey(await entryFor(recipient))) ?? []), dataKey);
  });
}

for (const [name, output, recipients] of [
  ["SOPS_AGE_KEY_CMD", alice.text, [alice.recipient]],
  ["SOPS_AGE_SSH_PRIVATE_KEY_CMD", plain.key, [plain.recipient, plain.derived]],
] as const) {
  test(`${name} is run without a shell, once, and only when nothing else opens`, async () => {
    const { keyring, log } = await start({
      env: { [name]: "pass show 'my key; rm -rf /'", SOPS_AGE_KEY: bob.secret },
      commands: { pass: output },
    });
    assert.deepEqual(keyring.places.find((place) => place.name === name)?.pending, "command");
    assert.ok((await keyring.openDataKey(await entryFor(bob.recipient))) !== null);
    assert.deepEqual([asked(log), keyring.canOpen(recipients[0])], [[], false]);
    await Promise.all(
      [entryFor(recipients[0]), entryFor(carol.recipient), entryFor(recipients[0])].map(async (entry) =>
        keyring.openDataKey(await entry),
      ),
    );
    assert.ok((await keyring.openDataKey(await entryFor(recipients[0]))) !== null);
    await keyring.runCommands();
    assert.deepEqual(asked(log), ["run pass|show|my key; rm -rf /"]);
    assert.deepEqual(keyring.recipients(), [bob.recipient, ...recipients]);
  });
}

test("places keep their order", async () => {
  const env = {
    SOPS_AGE_KEY: "",
    SOPS_AGE_KEY_FILE: "",
    SOPS_AGE_KEY_CMD: "",
    SOPS_AGE_SSH_PRIVATE_KEY_FILE: "",
    SOPS_AGE_SSH_PRIVATE_KEY_CMD: "",
    AGE_KEY: "",
    AGE_KEYFILE: "",
  };
  const { keyring } = await start({ env, platform: "darwin" });
  assert.deepEqual(
    keyring.places.map((place) => place.name),
    [
      ...Object.keys(env).slice(0, 5),
      "~/.config/sops/age/keys.txt",
      "~/Library/Application Support/sops/age/keys.txt",
      "AGE_KEY",
      "AGE_KEYFILE",
      "~/.config/age/identities",
      "~/.age/key.txt",
      "~/.ssh/id_ed25519",
      "~/.ssh/id_rsa",
    ],
  );
  const { keyring: homeless } = await start({ home: null });
  assert.deepEqual(homeless.places, []);
});

for (const [name, machine, reason] of [
  ["SOPS_AGE_KEY", { env: { SOPS_AGE_KEY: "" } }, /set, but empty/],
  ["SOPS_AGE_KEY", { env: { SOPS_AGE_KEY: "hunter2-hunter2" } }, /no identity/],
  ["SOPS_AGE_KEY_FILE", { env: { SOPS_AGE_KEY_FILE: "" } }, /set, but empty/],
  ["SOPS_AGE_KEY_FILE", { env: { SOPS_AGE_KEY_FILE: "/nope" } }, /does not exist/],
  ["SOPS_AGE_KEY_FILE", { env: { SOPS_AGE_KEY_FILE: "/k" }, files: { "/k": null } }, /cannot be read/],
  ["SOPS_AGE_KEY_FILE", { env: { SOPS_AGE_KEY_FILE: "/k" }, files: { "/k": plain.key } }, /holds an SSH key/],
  [
    "SOPS_AGE_KEY_FILE",
    { env: { SOPS_AGE_KEY_FILE: "/k" }, files: { "/k": `${bob.secret}\nhunter2-hunter2` } },
    /no identity/,
  ],
  ["~/.age/key.txt", { files: { ".age/key.txt": "#".repeat(16 * 1024 * 1024 + 1) } }, /too large/],
  ["SOPS_AGE_KEY_CMD", { env: { SOPS_AGE_KEY_CMD: "" } }, /command line/],
  ["SOPS_AGE_KEY_CMD", { env: { SOPS_AGE_KEY_CMD: "pass 'open" } }, /command line/],
  ["SOPS_AGE_KEY_CMD", { env: { SOPS_AGE_KEY_CMD: "false" } }, /command that failed/],
  [
    "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
    { env: { SOPS_AGE_SSH_PRIVATE_KEY_CMD: "c" }, commands: { c: "hunter2-hunter2" } },
    /cannot be used/,
  ],
  ["~/.ssh/id_rsa", { files: { ".ssh/id_rsa": read("age/ssh/rsa1024") } }, /cannot be used/],
  ["~/.ssh/id_ed25519", { files: { ".ssh/id_ed25519": null } }, /cannot be read/],
  ["~/.age/key.txt", { files: { ".age/key.txt": "-----BEGIN AGE ENCRYPTED FILE-----\nhunter2" } }, /nobody gave/],
] as [string, Machine, RegExp][]) {
  test(`${name} ${reason}: a problem that hides no good key`, async () => {
    const good = {
      env: { ...machine.env, AGE_KEY: alice.secret },
      files: { ...machine.files, [keysTxt]: carol.text },
      commands: machine.commands ?? {},
    };
    const { keyring } = await start(good);
    assert.equal(await keyring.openDataKey(await entryFor(converted["age/ssh/ed25519-pkcs8"]?.recipient ?? "")), null);
    const place = keyring.places.find((candidate) => candidate.name === name);
    assert.match(place?.problem?.message ?? "", reason);
    const { message, hint, location } = place?.problem ?? {};
    assert.ok(!JSON.stringify([message, hint, location]).includes("hunter2"));
    for (const person of [alice, carol])
      assert.ok((await keyring.openDataKey(await entryFor(person.recipient))) !== null);
  });
}

test("a missing file at a usual place is no problem", async () => {
  const { keyring } = await start({});
  for (const place of keyring.places) assert.deepEqual([place.found, place.problem], [false, undefined]);
});

const passphrases = { "the SSH key ~/.ssh/id_ed25519": "pw" };

test("a locked SSH key is asked for once, and only for its own entries", async () => {
  const { keyring, log } = await start({
    files: { ".ssh/id_ed25519": locked.key, [keysTxt]: alice.text },
    passphrases,
  });
  assert.equal(await keyring.openDataKey(await entryFor(carol.recipient)), null);
  assert.equal(await keyring.openDataKey(await entryFor(plain.line)), null);
  const mine = [await entryFor(locked.line), await entryFor(locked.derived), await entryFor(alice.recipient)];
  assert.ok((await keyring.openAnyDataKey(mine)) !== null);
  assert.deepEqual(asked(log), [], "an open key was at hand");
  for (const entry of [mine[0], mine[1], mine[0]])
    assert.deepEqual(Buffer.from((await keyring.openDataKey(entry as DataKeyEntry)) ?? []), dataKey);
  assert.deepEqual(asked(log), ["ask the SSH key ~/.ssh/id_ed25519"]);
});

test("two locked keys are asked for one after the other", async () => {
  const second = ssh("ed25519-aes256-cbc");
  const files = new Map([
    ["/h/.ssh/id_ed25519", locked.key],
    ["/k", second.key],
  ]);
  let open = 0;
  const keyring = await loadKeyring({
    env: { SOPS_AGE_SSH_PRIVATE_KEY_FILE: "/k" },
    home: "/h",
    platform: "linux",
    readFile: async (path) => (files.has(path) ? Buffer.from(files.get(path) ?? "") : null),
    runCommand: () => Promise.reject(new Error()),
    async askPassphrase() {
      assert.equal(++open, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      return "pw";
    },
  });
  const entries = await Promise.all(
    [locked.derived, second.derived, locked.line].map((recipient) => entryFor(recipient)),
  );
  const opened = await Promise.all(entries.map((entry) => keyring.openDataKey(entry)));
  assert.ok(opened.every((key) => key !== null));
});

for (const [name, answers, reason] of [
  ["declined", {}, /nobody gave/],
  ["wrong", { "the SSH key ~/.ssh/id_ed25519": "nope" }, /another passphrase/],
] as const) {
  test(`a passphrase that is ${name} is told once and not asked again`, async () => {
    const { keyring, log } = await start({ files: { ".ssh/id_ed25519": locked.key }, passphrases: answers });
    for (let i = 0; i < 3; i++) assert.equal(await keyring.openDataKey(await entryFor(locked.derived)), null);
    assert.equal(asked(log).length, 1);
    assert.match(keyring.places.find((place) => place.name.endsWith("id_ed25519"))?.problem?.message ?? "", reason);
  });
}

test("an encrypted PEM key is known by the .pub file beside it, or else only when it is open", async () => {
  const key = ssh("ed25519-pkcs8-encrypted");
  const answer = { "the SSH key ~/.ssh/id_ed25519": "passphrase" };
  const beside = await start({
    files: { ".ssh/id_ed25519": key.key, ".ssh/id_ed25519.pub": key.line },
    passphrases: answer,
  });
  assert.deepEqual(beside.keyring.recipients(), [key.recipient, key.derived]);
  assert.ok((await beside.keyring.openDataKey(await entryFor(key.derived))) !== null);
  const alone = await start({ files: { ".ssh/id_ed25519": key.key }, passphrases: answer });
  assert.deepEqual(alone.keyring.recipients(), []);
  assert.ok((await alone.keyring.openDataKey(await entryFor(key.line))) !== null);
  assert.deepEqual(alone.keyring.recipients(), [key.recipient, key.derived]);
  const swapped = await start({
    files: { ".ssh/id_ed25519": key.key, ".ssh/id_ed25519.pub": plain.line },
    passphrases: answer,
  });
  assert.equal(await swapped.keyring.openDataKey(await entryFor(plain.line)), null);
  assert.match(swapped.keyring.places.at(-2)?.problem?.message ?? "", /another public half/);
});

test("an encrypted identity file is asked for once, after everything else", async () => {
  const encrypter = new Encrypter();
  encrypter.setPassphrase("pw");
  encrypter.setScryptWorkFactor(4);
  const sealed = encodeArmor(await encrypter.encrypt(`# mine\n${carol.secret}\n`));
  const machine: Machine = {
    env: { SOPS_AGE_KEY_FILE: "/sealed", AGE_KEYFILE: "/sealed", SOPS_AGE_KEY_CMD: "pass", AGE_KEY: alice.secret },
    files: { "/sealed": sealed },
    commands: { pass: bob.text },
    passphrases: { "the identity file SOPS_AGE_KEY_FILE": "pw" },
  };
  const { keyring, log } = await start(machine);
  assert.equal(keyring.places[0]?.pending, "passphrase");
  assert.ok(
    (await keyring.openAnyDataKey([await entryFor(carol.recipient), await entryFor(alice.recipient)])) !== null,
  );
  assert.deepEqual(asked(log), []);
  assert.ok((await keyring.openAnyDataKey([await entryFor(carol.recipient), await entryFor(bob.recipient)])) !== null);
  assert.deepEqual(asked(log), ["run pass"]);
  const entry = await entryFor(carol.recipient);
  const opened = await Promise.all([1, 2, 3].map(() => keyring.openDataKey(entry)));
  for (const one of opened) assert.deepEqual(Buffer.from(one ?? []), dataKey);
  assert.deepEqual(asked(log), ["run pass", "ask the identity file SOPS_AGE_KEY_FILE"]);
  assert.equal(log.filter((line) => line === "read /sealed").length, 1);
});

test("an identity file that age itself encrypted opens", async () => {
  const answer = { "the identity file ~/.age/key.txt": "pw" };
  const { keyring } = await start({ files: { ".age/key.txt": read("age/identities.age.asc") }, passphrases: answer });
  const recipient = /public key: (\S+)/.exec(read("golden/sops/keys/age1.txt"))?.[1] ?? "";
  assert.ok((await keyring.openDataKey(await entryFor(recipient))) !== null);
});

test("an entry that is labelled for nobody we know is tried with every open key", async () => {
  const { keyring } = await start({ env: { SOPS_AGE_KEY: `${alice.secret} ${bob.secret}` } });
  assert.ok((await keyring.openDataKey(await entryFor(bob.recipient, carol.recipient))) !== null);
  assert.ok((await keyring.openDataKey(await entryFor(bob.recipient, "__proto__"))) !== null);
});

test("an entry that is labelled for one key is not tried with another", async () => {
  const { keyring } = await start({ env: { SOPS_AGE_KEY: `${alice.secret} ${bob.secret}` } });
  assert.equal(await keyring.openDataKey(await entryFor(bob.recipient, alice.recipient)), null);
});

test("a damaged entry is told, unless another one opens", async () => {
  const { keyring } = await start({ env: { SOPS_AGE_KEY: alice.secret } });
  const damaged = { recipient: alice.recipient, enc: "hunter2" };
  await assert.rejects(
    keyring.openDataKey(damaged),
    (error) => error instanceof SecretsError && error.code === "E_AGE_ARMOR",
  );
  assert.ok((await keyring.openAnyDataKey([damaged, await entryFor(alice.recipient)])) !== null);
  assert.equal(await keyring.openAnyDataKey([]), null);
});

test("plugins are named, and no problem", async () => {
  const plugin = encodeBech32("age-plugin-yubikey-", Buffer.alloc(9, 1)).toUpperCase();
  const { keyring } = await start({ files: { [keysTxt]: `${plugin}\n${alice.secret}\n` } });
  const place = keyring.places.find((candidate) => candidate.found);
  assert.deepEqual([place?.plugins, place?.identities, place?.problem], [["yubikey"], [alice.recipient], undefined]);
});

test("Ctrl-C at a prompt or in a command ends the search", async () => {
  const stop = new SecretsError("E_INTERRUPTED", "Stopped.", { kind: "interrupted" });
  const files = new Map([
    ["/h/.ssh/id_ed25519", locked.key],
    ["/h/.age/key.txt", read("age/identities.age.asc")],
  ]);
  for (const env of [{}, { SOPS_AGE_KEY_CMD: "pass" }]) {
    const keyring = await loadKeyring({
      env,
      home: "/h",
      platform: "linux",
      readFile: async (path) => (files.has(path) ? Buffer.from(files.get(path) ?? "") : null),
      runCommand: () => Promise.reject(stop),
      askPassphrase: () => Promise.reject(stop),
    });
    for (const recipient of [locked.derived, carol.recipient]) {
      await assert.rejects(keyring.openDataKey(await entryFor(recipient)), (error) => error === stop);
    }
    assert.ok(keyring.places.every((place) => place.problem === undefined));
  }
});

test("entries of other readers are not even looked at when one is ours", async () => {
  const { keyring } = await start({ env: { SOPS_AGE_KEY: `${bob.secret} ${alice.secret}` } });
  const untouchable = (recipient: string) => ({
    recipient,
    get enc(): string {
      throw new Error("was read");
    },
  });
  const entries = [untouchable(carol.recipient), untouchable(plain.line), await entryFor(alice.recipient)];
  assert.ok((await keyring.openAnyDataKey(entries)) !== null);
});
