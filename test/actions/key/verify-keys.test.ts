import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type KeyVerification, verifyKeys } from "../../../src/actions/key/verify-keys.ts";
import { type AgeKey, makeAgeKey } from "../../../src/age/age-key.ts";
import { encodeBech32 } from "../../../src/age/bech32.ts";
import { loadKeyring } from "../../../src/age/keyring.ts";
import { sshToAgeIdentity, sshToAgeRecipient } from "../../../src/age/ssh.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { keyJson, keyringOf, sealed } from "../in-memory.ts";

const [ada, bruno, fresh, web] = [makeAgeKey(), makeAgeKey(), makeAgeKey(), makeAgeKey()];
const pair = makeSshKeyPair("ada");
const ssh = pair.publicKey.split(" ").slice(0, 2).join(" ");
const derived = sshToAgeRecipient(ssh);
const derivedIdentity = await sshToAgeIdentity(Buffer.from(pair.privateKey), async () => null);

const rules = (anchors: Readonly<Record<string, string>>, ...names: string[]) =>
  [
    "keys:",
    ...Object.entries(anchors).map(([name, key]) => `  - &${name} ${key}`),
    "creation_rules:",
    "  - path_regex: a.yaml$",
    "    key_groups:",
    "      - age:",
    ...names.map((name) => `          - *${name}`),
    "",
  ].join("\n");

const FLEET: MemoryFiles = {
  "sops/users/ada/key.json": keyJson(ada),
  "sops/users/bruno/key.json": keyJson(bruno),
  "sops/machines/web/key.json": keyJson(web),
  ".sops.yaml": rules({ ada: ada.recipient, bruno: bruno.recipient, web: web.recipient }, "ada", "bruno"),
  "a.yaml": await sealed("yaml", "a: b\n", [[ada, bruno]]),
};
/** Ada is known by this key in the rules, and by her own in clan's registry. */
const inRules = (key: string) => ({
  ".sops.yaml": rules({ ada: key, bruno: bruno.recipient, web: web.recipient }, "ada", "bruno"),
});

interface Here {
  readonly keys?: readonly AgeKey[];
  readonly name?: string;
  readonly user?: string;
}

async function verify(changes: MemoryFiles, { keys = [ada], name, user }: Here = {}): Promise<KeyVerification> {
  const fleet = await loadFleet(memoryGround({ ...FLEET, ...changes }));
  return verifyKeys(fleet, await keyringOf(...keys), name, user);
}

/** With an SSH key at its usual place, and age identities in a variable. */
async function verifyWithFiles(changes: MemoryFiles, file: string | undefined, ...identities: string[]) {
  const keyring = await loadKeyring({
    env: identities.length === 0 ? {} : { SOPS_AGE_KEY: identities.join("\n") },
    home: "/home/ada",
    platform: "linux",
    readFile: async (path) => (path.endsWith("/id_ed25519") && file !== undefined ? Buffer.from(file) : null),
    runCommand: async () => new Uint8Array(),
    askPassphrase: async () => assert.fail("nobody is asked"),
  });
  return verifyKeys(await loadFleet(memoryGround({ ...FLEET, ...changes })), keyring, "ada", undefined);
}

const fixes = ({ problems }: KeyVerification) => problems.map(({ fix }) => fix);
const marks = ({ places }: KeyVerification) => places.map(({ role, state }) => `${role} ${state}`);

test("one set of keys in three places", async () => {
  const result = await verify({});
  assert.deepEqual([result.name, result.by, result.agrees, result.notes], ["ada", "keys", true, []]);
  assert.deepEqual(marks(result), ["here same", "registry same", "rules same"]);
  assert.deepEqual(
    result.places.map(({ place, anchor }) => [place, anchor]),
    [
      ["SOPS_AGE_KEY", undefined],
      ["sops/users/ada/key.json:1", undefined],
      [".sops.yaml:2", "ada"],
    ],
  );
  assert.deepEqual(result.documents, { wanted: 1, sealed: 1 });
});

test("whose keys are meant: the name, else equal keys, else the name on this computer", async () => {
  assert.deepEqual(
    [(await verify({}, { name: "bruno" })).name, (await verify({}, { keys: [bruno] })).name],
    ["bruno", "bruno"],
  );
  const login = await verify({}, { keys: [], user: "ada" });
  assert.deepEqual([login.name, login.by], ["ada", "login"]);
  await assert.rejects(verify({}, { keys: [ada, bruno] }), { code: "E_AMBIGUOUS" });
  assert.equal((await verify({}, { keys: [ada, bruno], user: "bruno" })).name, "bruno");
  await assert.rejects(verify({}, { keys: [] }), { code: "E_NOT_FOUND", kind: "identity" });
  await assert.rejects(verify({}, { keys: [fresh], user: "root" }), { code: "E_NOT_FOUND" });
  await assert.rejects(verify({}, { name: "nobody" }), { code: "E_NOT_FOUND" });
  // An anchor that may be anybody's is no reason to doubt who has a name.
  const anchor = inRules(ada.recipient)[".sops.yaml"].replace(
    "creation_rules",
    `  - &old_laptop ${fresh.recipient}\ncreation_rules`,
  );
  assert.equal((await verify({ ".sops.yaml": anchor }, { keys: [fresh, ada] })).name, "ada");
  // A machine's key on somebody's laptop makes nobody a machine.
  await assert.rejects(verify({}, { keys: [web] }), { code: "E_NOT_FOUND" });
  const other = await verify({}, { keys: [ada], user: "bruno" });
  assert.match(other.notes.join(), /bruno, the name on this computer, is known by other keys/);
});

test("the rules state another key: it is replaced by the one that is here, and nothing is sealed to it before", async () => {
  const result = await verify(inRules(fresh.recipient));
  assert.deepEqual(fixes(result), [`secrets rotate user ada --from ${fresh.recipient} --to ${ada.recipient}`]);
  assert.deepEqual(marks(result), ["here same", "registry same", "rules differs"]);
  assert.deepEqual(result.documents, { wanted: 1, sealed: 0 });
});

test("so does the registry, when its key is not the one that is here", async () => {
  const result = await verify({ "sops/users/ada/key.json": keyJson(fresh) });
  assert.equal(fixes(result)[0], `secrets rotate user ada --from ${fresh.recipient} --to ${ada.recipient}`);
});

test("no mend lets in a key that is not held here, for whoever can push can state one", async () => {
  const cases: [MemoryFiles, Here][] = [
    [inRules(fresh.recipient), { keys: [bruno], name: "ada" }],
    [{ "sops/users/ada/key.json": keyJson(fresh) }, { keys: [bruno], name: "ada" }],
    [{ "sops/users/ada/key.json": keyJson(ada, fresh) }, {}],
    [{ "sops/users/ada/key.json": keyJson(fresh, ada) }, { keys: [bruno], name: "ada" }],
    [{ "sops/users/eve/key.json": keyJson(fresh) }, { name: "eve" }],
  ];
  for (const [changes, here] of cases) {
    const result = await verify(changes, here);
    assert.equal(result.agrees, false);
    for (const fix of fixes(result)) {
      if (fix?.includes(fresh.recipient)) assert.match(fix, /^secrets user rm-key ada /);
    }
  }
});

test("a key of theirs that one tier lacks is added, where it is here", async () => {
  const both = { keys: [ada, fresh] };
  const lacking = await verify({ "sops/users/ada/key.json": keyJson(ada, fresh) }, both);
  assert.equal(fixes(lacking)[0], `secrets user add-key ada ${fresh.recipient}`);
  // Two devices, each known to one tier.
  const crossed = await verify(inRules(fresh.recipient), both);
  assert.deepEqual(fixes(crossed).slice(0, 2), [
    `secrets user add-key ada ${ada.recipient}`,
    `secrets user add-key ada ${fresh.recipient}`,
  ]);
});

test("who is known to one tier alone is entered in the other", async () => {
  const vars = await verify({ ".sops.yaml": rules({ bruno: bruno.recipient, web: web.recipient }, "bruno") });
  assert.equal(fixes(vars)[0], `secrets user add ada --age-key ${ada.recipient} --no-documents`);
  const { "sops/users/ada/key.json": _, ...without } = FLEET;
  const fleet = await loadFleet(memoryGround(without));
  const files = await verifyKeys(fleet, await keyringOf(ada), undefined, undefined);
  assert.deepEqual(
    [files.name, fixes(files)],
    ["ada", [`secrets user add ada --age-key ${ada.recipient} --no-documents`]],
  );
});

test("no private half is here", async () => {
  const none = await verify({}, { keys: [], name: "ada" });
  assert.deepEqual([fixes(none), marks(none)], [["secrets key import FILE"], ["registry differs", "rules differs"]]);
  const another = await verify({}, { keys: [fresh], name: "ada" });
  assert.deepEqual(fixes(another), [`secrets user add-key ada ${fresh.recipient}`]);
  assert.deepEqual(marks(another), ["here differs", "registry differs", "rules differs"]);
  const others = await verify({}, { keys: [bruno], name: "ada" });
  assert.match(others.problems[0]?.message ?? "", /what is here belongs to users\/bruno/);
});

test("more keys here, and more devices elsewhere, are no fault", async () => {
  const result = await verify({}, { keys: [ada, fresh] });
  assert.equal(result.agrees, true);
  assert.match(result.notes.join("\n"), /has a further key, age1.*nobody of this fleet/);
  const devices = await verify({
    "sops/users/ada/key.json": keyJson(ada, fresh),
    ".sops.yaml": rules(
      { ada: ada.recipient, ada_key2: fresh.recipient, bruno: bruno.recipient },
      "ada",
      "ada_key2",
      "bruno",
    ),
    "a.yaml": await sealed("yaml", "a: b\n", [[ada, fresh, bruno]]),
  });
  assert.deepEqual([devices.agrees, devices.problems], [true, []]);
  assert.match(devices.notes.join("\n"), /is not here: on another device, perhaps/);
  assert.deepEqual(marks(devices), ["here same", "registry same", "registry other", "rules same", "rules other"]);
});

test("what policy wants and no document has is brought in line", async () => {
  const drifted = await verify({ "a.yaml": await sealed("yaml", "a: b\n", [[bruno]]) });
  assert.deepEqual([fixes(drifted), drifted.documents], [["secrets sync a.yaml"], { wanted: 1, sealed: 0 }]);
});

test("the same key by another name", async () => {
  const alias = await verify({
    ".sops.yaml": rules({ laptop: ada.recipient, bruno: bruno.recipient, web: web.recipient }, "laptop", "bruno"),
  });
  assert.equal(alias.agrees, true);
  assert.match(alias.notes.join(), /the anchor &laptop states age1.*which is ada's/);
  const shared = await verify({ "sops/users/bruno/key.json": keyJson(ada) }, { name: "ada" });
  assert.match(shared.problems.map(({ message }) => message).join(), /users\/bruno has the same key/);
});

test("an SSH key and the age key derived from it are one key, and not one reader", async () => {
  const stated = (vars: string, files: string) => ({
    "sops/users/ada/key.json": JSON.stringify([{ publickey: vars, type: "age" }]),
    ...inRules(files),
  });
  const both = await verifyWithFiles(stated(derived, ssh), pair.privateKey);
  assert.equal(fixes(both)[0], `secrets rotate user ada --from '${ssh}' --to ${derived}`);
  const asSsh = await verifyWithFiles(stated(ssh, ssh), pair.privateKey);
  assert.deepEqual(marks(asSsh), ["here differs", "registry differs", "rules differs"]);
  assert.deepEqual(fixes(asSsh), ["secrets sync a.yaml"]);
  const asAge = await verifyWithFiles(stated(derived, derived), pair.privateKey);
  assert.equal(asAge.places[0]?.recipient, derived);
  assert.deepEqual(fixes(asAge), ["secrets sync a.yaml"]);
  // Nor two keys, when the derived one lies in a key file as well.
  const imported = await verifyWithFiles(stated(ssh, ssh), pair.privateKey, derivedIdentity);
  assert.deepEqual([marks(imported)[0], imported.notes], ["here differs", []]);
  // One line for one key, in whichever spelling the fleet has it.
  assert.equal(asAge.places.filter(({ role }) => role === "here").length, 1);
});

test("what cannot be told without asking is said to be so", async () => {
  const encrypted = readFileSync(new URL("../../../fixtures/age/ssh/ed25519-pkcs8-encrypted", import.meta.url), "utf8");
  const locked = await verifyWithFiles({}, encrypted);
  assert.match(locked.problems[0]?.message ?? "", /unless it is behind the passphrase of ~\/\.ssh\/id_ed25519/);
  const plugin = encodeBech32("age1yubikey", Buffer.alloc(33, 1));
  const identity = encodeBech32("age-plugin-yubikey-", Buffer.alloc(8)).toUpperCase();
  const hardware = await verifyWithFiles(
    { "sops/users/ada/key.json": JSON.stringify([{ publickey: plugin, type: "age" }]), ...inRules(plugin) },
    undefined,
    identity,
  );
  assert.deepEqual(
    hardware.problems.filter(({ fix }) => fix !== "secrets sync a.yaml"),
    [],
  );
});

test("a key that a command prints is here", async () => {
  const keyring = await loadKeyring({
    env: { SOPS_AGE_KEY_CMD: "print-key" },
    home: undefined,
    platform: "linux",
    readFile: async () => null,
    runCommand: async () => Buffer.from(ada.identity),
    askPassphrase: async () => assert.fail("nobody is asked"),
  });
  const result = await verifyKeys(await loadFleet(memoryGround(FLEET)), keyring, undefined, undefined);
  assert.deepEqual([result.name, result.agrees, result.places[0]?.place], ["ada", true, "SOPS_AGE_KEY_CMD"]);
});

test("what cannot be read is not taken for agreement", async () => {
  const broken = await verify({ ".sops.yaml": "keys: [\n" });
  assert.match(broken.notes.join(), /\.sops\.yaml cannot be read, so what it states was not compared/);
});
