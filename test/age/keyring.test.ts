/** Where the keyring looks for keys, and what it makes of what it finds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  alice,
  asked,
  bob,
  carol,
  converted,
  dataKey,
  entryFor,
  keysTxt,
  locked,
  type Machine,
  plain,
  read,
  rsa,
  start,
} from "./keyring-machine.ts";

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
